/**
 * Blocks → HTML.
 * Guarantees: texts pass `textMarkup` and nothing else; the chart is the only markup that is taken as it is, and it is drawn of
 * numbers alone.
 */
import { html, raw } from 'hono/html'
import type { Block, Figure, Task, Text } from './document.ts'
import { tableMarkup } from './html-table.ts'
import { type Markup, textMarkup } from './html-text.ts'
import type { History } from './months.ts'

/** Draws a history as SVG. */
export type Draw = (history: History) => Promise<string>

async function blockMarkup(block: Block, draw: Draw): Promise<Markup> {
  switch (block.block) {
    case 'verdict':
      return html`<div class="verdict ${block.tone}"><p class="word">${block.word}</p><p class="sentence">${textMarkup(block.sentence)}</p>${block.because.length === 0 ? null : listMarkup(block.because)}</div>`
    case 'paragraph':
      return html`<p>${textMarkup(block.text)}</p>`
    case 'heading':
      return html`<h3>${textMarkup(block.text)}</h3>`
    case 'list':
      return listMarkup(block.items)
    case 'tasks':
      return html`<ul class="tasks">${block.items.map(taskMarkup)}</ul>`
    case 'table':
      return tableMarkup(block)
    case 'facts':
      return html`<dl class="facts">${block.entries.map(([term, fact]) => html`<div><dt>${term}</dt><dd>${textMarkup(fact)}</dd></div>`)}</dl>`
    case 'figures':
      return html`<ul class="figures">${block.entries.map(figureMarkup)}</ul>`
    case 'note':
      return html`<div class="note ${block.tone}"><p class="title">${block.title}</p>${listMarkup(block.items)}</div>`
    case 'chart':
      return html`<figure class="chart">${raw(await draw(block.history))}<figcaption>${block.history.summary}</figcaption></figure>`
    case 'folded':
      return html`<details><summary>${block.summary}</summary>${await blocksMarkup(block.blocks, draw)}</details>`
    case 'pen':
      return penMarkup(block.caption, block.people)
  }
}

export async function blocksMarkup(blocks: readonly Block[], draw: Draw): Promise<readonly Markup[]> {
  return Promise.all(blocks.map((block) => blockMarkup(block, draw)))
}

function listMarkup(items: readonly Text[]): Markup {
  return html`<ul>${items.map((each) => html`<li>${textMarkup(each)}</li>`)}</ul>`
}

function figureMarkup({ figure, label }: Figure): Markup {
  return html`<li><strong>${textMarkup(figure)}</strong> <span>${textMarkup(label)}</span></li>`
}

function taskMarkup({ text, details }: Task): Markup {
  return html`<li><span class="box" aria-hidden="true"></span><div><p>${textMarkup(text)}</p>
${details.map((each) => html`<p class="detail">${textMarkup(each)}</p>`)}
<p class="pen paper" aria-hidden="true"><span>Done by</span><span>On</span></p></div></li>`
}

/** Filled in on paper; to who listens it says that there is room. */
function penMarkup(caption: string, people: number): Markup {
  const line = html`<p class="pen"><span>Name and role</span><span>Date</span><span>Signature</span></p>`
  return html`<div class="signing" role="group" aria-label="${caption}">${Array.from({ length: people }, () => line)}</div>`
}
