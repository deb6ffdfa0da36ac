/**
 * Report → one HTML file.
 * Guarantees: it needs nothing else (no script, no network, no font or picture from elsewhere), and its policy forbids all of
 * that, so that what had slipped through could neither run nor load; whatever stands in the report is text in it.
 */
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { Report } from '../report.ts'
import { pageOf } from './contents.ts'
import type { Environs, Heading, Section } from './document.ts'
import { blocksMarkup, type Draw } from './html-blocks.ts'
import { type Markup, textMarkup } from './html-text.ts'
import { STYLES } from './styles.ts'
import { LENGTH, shown } from './text.ts'

/** Of the one style element: any other style, and any script, picture, font, form or frame, is refused by the browser. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLES).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** @returns the file's text; the same for the same report */
export async function htmlOf(report: Report): Promise<string> {
  // The chart's library takes a third of a second to load: only who writes a report waits for it.
  const { chartOf } = await import('./chart.ts')
  const { environment, heading, opening, sections, closing } = pageOf(report)
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>${titleOf(heading)}</title>
<style>${raw(STYLES)}</style>
</head>
<body>
<header class="${environment.colour}">
${environmentMarkup(environment)}
${headingMarkup(heading)}
</header>
<main>
<section class="opening" aria-label="Verdict">
${await blocksMarkup(opening, chartOf)}
</section>
<nav aria-labelledby="contents">
<h2 id="contents">Contents</h2>
<ol>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol>
</nav>
${await Promise.all(sections.map((section, index) => sectionMarkup(section, index + 1, chartOf)))}
</main>
<footer>${closing.map((each) => html`<p>${textMarkup(each)}</p>`)}</footer>
</body>
</html>
`,
  )
}

function titleOf({ before, schema, between, tenant }: Heading): string {
  return `${before} ${shown(schema, LENGTH.name)} ${between} ${shown(tenant, LENGTH.name)}`
}

function environmentMarkup({ word, means }: Environs): Markup {
  return html`<p class="environment"><strong>${word}</strong> <span>${means}</span></p>`
}

function headingMarkup({ before, schema, between, tenant }: Heading): Markup {
  return html`<h1><span>${before}</span> <bdi class="schema">${shown(schema, LENGTH.name)}</bdi> <span>${between}</span> <bdi class="tenant">${shown(tenant, LENGTH.name)}</bdi></h1>`
}

async function sectionMarkup({ id, title, blocks }: Section, number: number, draw: Draw): Promise<Markup> {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title"><span class="ordinal">${number}</span> ${title}</h2>
${await blocksMarkup(blocks, draw)}
</section>
`
}
