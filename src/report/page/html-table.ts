/**
 * Tables → HTML.
 * Guarantees: each has a caption, and heads that say what they are of; on a narrow screen a table is read row by row, each cell
 * with its column's name before it, or is scrolled by itself, by keyboard too. It stays a table to who hears it: the roles are
 * written out, since a browser forgets them with the layout.
 */
import { html } from 'hono/html'
import type { Column, Table, Text } from './document.ts'
import { type Markup, textMarkup } from './html-text.ts'

export function tableMarkup({ caption, headed, columns, rows, total, narrow }: Table): Markup {
  const [, ...others] = columns
  // A name and a number are read together only where they stand together.
  const width = narrow === 'stacked' && others.every(({ numeric }) => numeric === true) ? ' compact' : ''
  const table = html`<table class="${narrow}${width}" role="table">
<caption${headed === true ? html` class="unseen"` : null}>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(headMarkup)}</tr></thead>
<tbody role="rowgroup">
${rows.map((row) => rowMarkup(row, columns))}
</tbody>
${total === undefined ? null : html`<tfoot role="rowgroup">${rowMarkup(total, columns)}</tfoot>`}
</table>`
  if (narrow === 'stacked') return table
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">${table}</div>`
}

function headMarkup({ head, ...column }: Column): Markup {
  if (head === '') return html`<td role="cell"></td>`
  return html`<th role="columnheader" scope="col"${classOf(column)}>${head}</th>`
}

function rowMarkup(row: readonly Text[], columns: readonly Column[]): Markup {
  return html`<tr role="row">${row.map((text, index) =>
    index === 0
      ? html`<th role="rowheader" scope="row">${textMarkup(text)}</th>`
      : cellMarkup(text, columns[index]),
  )}</tr>
`
}

/** The text is one box beside the column's name, of however many pieces it is made. */
function cellMarkup(text: Text, column: Column | undefined): Markup {
  return html`<td role="cell" data-head="${column?.head ?? ''}"${classOf(column)}>${text === '' ? null : html`<div>${textMarkup(text)}</div>`}</td>`
}

function classOf(column: Omit<Column, 'head'> | undefined): Markup | null {
  if (column?.numeric === true) return html` class="number"`
  return column?.advised === true ? html` class="advised"` : null
}
