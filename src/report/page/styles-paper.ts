/**
 * How the page looks on paper.
 * Guarantees: light; no row, task or signature is torn apart, no last row stands alone; what is folded on a screen is open; there
 * is room for a pen.
 */

export const PAPER = `
@page { size: A4; margin: 16mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #566173; } }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 9.5pt; }
  body { line-height: 1.45; background: none; }
  header, main, footer { max-width: none; padding-inline: 0; }
  .environment { margin: 0 0 14pt; padding: 6pt 10pt; }
  .figures { grid-template-columns: repeat(auto-fit, minmax(30mm, 1fr)); break-inside: avoid; }
  p, li, dd, figcaption { max-width: none; orphans: 3; widows: 3; }
  a { color: inherit; text-decoration: none; }
  h2, h3, caption, thead, :is(h2, h3) + p:has(+ table) { break-after: avoid; }
  .scroll { overflow: visible; }
  .scrolled { font-size: 0.78rem; }
  .scrolled th, .scrolled td { padding-left: 0.3rem; }
  tr, .verdict, .note, .chart, .tasks li, .facts, .signing, nav, footer { break-inside: avoid; }
  :is(h2, h3) + p:has(+ table) { break-inside: avoid; }
  table:not(:has(tbody tr:nth-child(9))) { break-inside: avoid; }
  tbody tr:nth-last-child(2) { break-after: avoid; }
  tbody, tbody tr:first-child { break-before: avoid; }
  #deletion, #hands, #signatures { break-before: page; border-top: 0; padding-top: 0; margin-top: 0; }
  details::details-content { content-visibility: visible; block-size: auto; opacity: 1; }
  summary { list-style: none; color: inherit; font-weight: 600; }
  .facts > div { grid-template-columns: 55mm 1fr; }
  .tasks .paper { display: grid; grid-template-columns: 3fr 2fr; margin: 0; }
  .tasks .paper span { margin-top: 22pt; }
}
`
