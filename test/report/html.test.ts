/** The report as HTML, in a real browser: opened as a person would, by a checker of accessibility, and with hostile texts in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { AxeResults, RunOptions } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { htmlOf } from '../../src/report/page/html.ts'
import type { Report } from '../../src/report/report.ts'
import { openBrowser, type TestBrowser } from './browser.ts'
import { HOSTILE, harmless, hostile } from './hostile.ts'
import { FACTS, HISTORY, REPORT } from './sample.ts'

/** With all that there is to tell, where the sample itself has no history of the source. */
const WITH_HISTORY: Report = { ...REPORT, facts: { ...FACTS, history: HISTORY } }

const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-page-'))
let opened: TestBrowser

beforeAll(async () => {
  opened = await openBrowser()
})

afterAll(async () => {
  await opened?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

interface Open extends AsyncDisposable {
  readonly page: Page
  /** What the page asked for, but for itself. */
  readonly requests: string[]
  /** What the browser had to say about it. */
  readonly complaints: string[]
}

async function openPage(html: string, options: BrowserContextOptions = {}): Promise<Open> {
  const file = join(folder, `${crypto.randomUUID()}.html`)
  writeFileSync(file, html)
  const context = await opened.browser.newContext({ offline: true, ...options })
  const page = await context.newPage()
  const { href } = pathToFileURL(file)
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => request.url() !== href && requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => complaints.push(dialog.message()))
  await page.goto(href)
  return { page, requests, complaints, [Symbol.asyncDispose]: () => context.close() }
}

const PHONE = { viewport: { width: 360, height: 740 } }
const PLAIN: BrowserContextOptions = { javaScriptEnabled: false }

/** @returns how much wider than the screen the page is, and how wide its heading: 0 where no letter is drawn at all */
function widths(page: Page): Promise<{ readonly over: number; readonly heading: number }> {
  return page.evaluate(`({
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    heading: document.querySelector('h1 .schema').getBoundingClientRect().width,
  })`)
}

describe('opened without scripts and without a network', () => {
  test('it needs nothing but itself, and the browser has nothing to complain of', async () => {
    await using open = await openPage(await htmlOf(REPORT), PLAIN)
    expect(await open.page.title()).toBe('Deleting and recreating completedProductRating in acme.voyado.com')
    expect(open.requests).toEqual([])
    expect(open.complaints).toEqual([])
    const chart = open.page.getByRole('img', {
      name: /^Interactions by month 121 months, from March 2016 to March 2026/,
    })
    expect(await chart.count()).toBe(1)
  })

  test('on a telephone it is not wider than the screen, hostile texts or not', async () => {
    for (const report of [REPORT, hostile(WITH_HISTORY, 0), endless(REPORT)]) {
      await using open = await openPage(await htmlOf(report), { ...PLAIN, ...PHONE })
      const { over, heading } = await widths(open.page)
      expect(over).toBe(0)
      expect(heading).toBeGreaterThan(100)
    }
  })

  test('on paper it is light, and what is folded is open', async () => {
    await using open = await openPage(await htmlOf(REPORT), { ...PLAIN, colorScheme: 'dark' })
    const look = `[getComputedStyle(document.querySelector('main')).backgroundColor, document.querySelector('details table').checkVisibility({ contentVisibilityAuto: true })]`
    expect(await open.page.evaluate(look)).toEqual(['rgb(20, 25, 31)', false])
    await open.page.emulateMedia({ media: 'print' })
    expect(await open.page.evaluate(look)).toEqual(['rgb(255, 255, 255)', true])
  })
})

/** A megabyte without a blank, in the place of every text. */
function endless(report: Report): Report {
  const text = 'W'.repeat(2 ** 20)
  return {
    ...report,
    facts: {
      ...report.facts,
      subject: { ...report.facts.subject, schemaId: text, tenant: text, displayName: text },
    },
  }
}

/** The page as `axe.run` is to see it, and the rules that look may change; all of them where there are none. */
const LOOKS: ReadonlyArray<{
  readonly colorScheme: 'light' | 'dark'
  readonly media: 'screen' | 'print'
  readonly rules?: string[]
}> = [
  { colorScheme: 'light', media: 'screen' },
  { colorScheme: 'dark', media: 'screen', rules: ['color-contrast'] },
  { colorScheme: 'dark', media: 'print', rules: ['color-contrast'] },
]

test('a checker of accessibility finds nothing amiss, in light, in dark, on paper', async () => {
  const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
  // On a telephone, since there tables are laid out anew, and one of them is scrolled.
  await using open = await openPage(await htmlOf(WITH_HISTORY), { ...PHONE, bypassCSP: true })
  await open.page.evaluate("document.querySelector('details').open = true")
  await open.page.evaluate(axe)
  for (const { colorScheme, media, rules } of LOOKS) {
    await open.page.emulateMedia({ colorScheme, media })
    const options: RunOptions = {
      resultTypes: ['violations'],
      ...(rules === undefined ? {} : { runOnly: rules }),
    }
    const found = await open.page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
    expect(found.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`)).toEqual([])
    const looked = found.passes.map(({ id }) => id)
    expect(looked).toEqual(
      expect.arrayContaining(
        rules ?? ['heading-order', 'region', 'scrollable-region-focusable', 'svg-img-alt'],
      ),
    )
  }
})

describe('with hostile texts', () => {
  test('its elements and their attributes are those that it has with words', async () => {
    await using open = await openPage('<!doctype html><title>parser</title>')
    const skeletonOf = async (report: Report): Promise<readonly string[]> =>
      open.page.evaluate(`((html) => Array.from(
        new DOMParser().parseFromString(html, 'text/html').querySelectorAll('*'),
        (each) => [each.tagName, ...Array.from(each.attributes, ({ name, value }) => /^(class|id|href|role|scope|tabindex)$|^aria-labelledby$/.test(name) ? name + '=' + value : name)].join(' '),
      ))(${JSON.stringify(await htmlOf(report))})`)
    const expected = await skeletonOf(harmless(WITH_HISTORY))
    expect(expected).toContain('TABLE class=stacked role=table')
    // In each of them every text stands in a dozen places, of all kinds.
    const turns = HOSTILE.keys().filter((turn) => turn % 3 === 0)
    for (const turn of turns) expect(await skeletonOf(hostile(WITH_HISTORY, turn))).toEqual(expected)
  })

  test('nothing runs and nothing is asked for, not even where the policy is put aside', async () => {
    for (const turn of [0, 1, 2]) {
      await using open = await openPage(await htmlOf(hostile(REPORT, turn)), { bypassCSP: true })
      expect(await open.page.title()).toMatch(/^Deleting and recreating /)
      expect(open.requests).toEqual([])
      expect(open.complaints).toEqual([])
    }
  })

  test('and the policy holds back what had slipped through', async () => {
    const slipped =
      '<script>document.title = "run"</script><p style="display: none" id="styled">x</p><img src="http://127.0.0.1:9/x.png">'
    const html = (await htmlOf(REPORT)).replace('</main>', `${slipped}</main>`)
    await using open = await openPage(html, { offline: false })
    expect(await open.page.title()).toMatch(/^Deleting/)
    expect(await open.page.locator('#styled').isVisible()).toBe(true)
    expect(open.complaints.filter((each) => each.includes('Content Security Policy'))).toHaveLength(3)
  })
})
