/**
 * How the page looks on a telephone.
 * Guarantees: nothing is wider than the screen but what is scrolled by itself; a row of a table is a block, each cell with its
 * column's name beside it.
 */

export const NARROW = `
@media screen and (max-width: 48rem) {
  header, main, footer { padding-inline: 1rem; }
  .environment { margin: 0 -1rem 1.5rem; padding: 0.7rem 1rem; }
  .environment span { display: block; font-size: 0.9rem; }
  h1 .schema { font-size: 1.5rem; }
  h1 .tenant { font-size: 1.2rem; }
  .verdict { padding: 0.9rem 1rem 1rem; }
  .verdict .sentence { font-size: 1.15rem; }
  .note { padding: 0.75rem 1rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures li:last-child:nth-child(odd) { grid-column: span 2; }
  .figures li { padding: 0.7rem 0.8rem; }
  .figures strong { font-size: 1.3rem; }
  nav { padding: 0.9rem 1rem; }
  nav ol { columns: 1; }
  nav li { padding: 0.3rem 0; }
  h2 { font-size: 1.3rem; }
  .facts > div { grid-template-columns: 1fr; }
  .chart .wide { display: none; }
  .chart .narrow { display: block; }
  .pen { grid-template-columns: 1fr; gap: 0; }
  table.stacked, .stacked tbody, .stacked tfoot, .stacked tr, .stacked th, .stacked caption { display: block; }
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked tr { padding: 0.7rem 0; border-bottom: 1px solid var(--rule); }
  .stacked th, .stacked td { padding: 0.1rem 0; border: 0; }
  .stacked td { display: grid; grid-template-columns: 8rem 1fr; gap: 0.75rem; text-align: left; white-space: normal; }
  .stacked td::before { content: attr(data-head); color: var(--quiet); font-size: 0.8125rem; padding-top: 0.06rem; }
  .stacked td:empty { display: none; }
  .stacked th.advised, .stacked td.advised, .stacked .advised + td { padding-left: 0; }
  .stacked td.advised { margin-inline: -0.5rem; padding-inline: 0.5rem; }
  .stacked th[scope="row"] { font-size: 1rem; font-weight: 600; padding-bottom: 0.25rem; }
  .stacked tfoot tr { border-bottom: 0; border-top: 2px solid var(--rule); }
}
`
