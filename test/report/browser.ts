/**
 * A real browser for tests, that comes with `npm ci` alone.
 * Guarantees: it needs nothing of the machine but a C library: its NSS libraries and its fonts are the packed ones, so that it
 * starts, and measures text, on a machine that has neither. Where it can't start the tests fail: they are never skipped.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflate } from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'

const PACKED = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '../bin')

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
}

export async function openBrowser(): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-browser-'))
  try {
    const program = await unpack(folder)
    const browser = await chromium.launch({
      executablePath: program,
      // Containers allow neither a sandbox of its own nor a GPU.
      args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
        FONTCONFIG_FILE: fontsOf(folder),
      },
    })
    const close = async (): Promise<void> => {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return { browser, [Symbol.asyncDispose]: close }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** What is packed goes where the temporary folder is at that moment: into one that no other process looks for it in. */
async function unpack(folder: string): Promise<string> {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  const unpacked = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'].map((name) => inflate(join(PACKED, name)))
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  const [program = ''] = await Promise.all(unpacked)
  return program
}

/** The packed configuration looks in folders of its own machine only. */
function fontsOf(folder: string): string {
  const file = join(folder, 'fonts.conf')
  const cache = join(folder, 'font-cache')
  mkdirSync(cache)
  writeFileSync(
    file,
    `<?xml version="1.0"?><fontconfig><dir>${folder}/fonts/fonts</dir><cachedir>${cache}</cachedir></fontconfig>\n`,
  )
  return file
}
