/**
 * How the page looks.
 * Guarantees: a constant, since the page's policy names its digest; light by itself, dark where the reader's device is, light on
 * paper; every colour of text has a contrast of at least 4.5 to its ground in both.
 */
import { NARROW } from './styles-narrow.ts'
import { PAPER } from './styles-paper.ts'

const COLOURS = `
:root {
  color-scheme: light dark;
  --desk: #eceff3; --sheet: #ffffff; --raised: #f5f7f9; --ink: #1b2430; --quiet: #566173; --rule: #d8dee6; --link: #1d5a96;
  --bars: #3a6ea5; --focus: #1d5a96;
  --good: #17613b; --good-ground: #e9f5ee; --warning: #7a4a00; --warning-ground: #fdf3dc;
  --danger: #a01820; --danger-ground: #fcecec; --plain: #47536a; --plain-ground: #eef1f5;
  --production: #a01820; --staging: #0e5a6b; --sandbox: #4a5464;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --desk: #0c0f13; --sheet: #14191f; --raised: #1b2129; --ink: #e4e9f0; --quiet: #a3aebd; --rule: #313a46; --link: #8dbdf0;
    --bars: #79a9dc; --focus: #8dbdf0;
    --good: #8bd8ad; --good-ground: #14301f; --warning: #f0c878; --warning-ground: #33270f;
    --danger: #ffb0ad; --danger-ground: #3b191b; --plain: #c0c9d6; --plain-ground: #232b35;
    --production: #97161d; --staging: #0d5261; --sandbox: #3d4654;
  }
}
`

const FRAME = `
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--desk); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Open Sans", Arial, sans-serif; }
header, main, footer { max-width: 64rem; margin-inline: auto; padding-inline: 3.5rem; background: var(--sheet); }
header { padding-block: 0 1.25rem; }
main { padding-block: 0 1rem; }
footer { padding-block: 1.5rem 2.5rem; border-top: 1px solid var(--rule); font-size: 0.875rem; color: var(--quiet); }
footer p { margin: 0.25rem 0; }
p, ul, dl, figure, table { margin: 0 0 1rem; }
p, li, dd, figcaption { max-width: 46rem; }
ul { padding-left: 1.25rem; }
li { margin-bottom: 0.3rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
code { font: 0.875em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; unicode-bidi: isolate; }
time { white-space: nowrap; }
s { color: var(--quiet); }
.quiet { color: var(--quiet); }
`

const HEADER = `
.environment { margin: 0 -3.5rem 2.25rem; padding: 0.75rem 3.5rem; max-width: none; color: #ffffff; }
.environment strong { margin-right: 0.75rem; letter-spacing: 0.12em; text-transform: uppercase; }
.production .environment { background: var(--production); }
.staging .environment { background: var(--staging); }
.sandbox .environment { background: var(--sandbox); }
h1 { margin: 0; font-size: 1.05rem; font-weight: 400; line-height: 1.3; color: var(--quiet); }
h1 bdi { font-weight: 700; color: var(--ink); letter-spacing: -0.015em; }
h1 .schema { display: block; font-size: 2.6rem; line-height: 1.15; margin-block: 0.1rem 0.25rem; }
h1 .tenant { font-size: 1.6rem; line-height: 1.2; }
.verdict { margin: 0 0 1rem; padding: 1.1rem 1.4rem 1.2rem; border-left: 6px solid; }
.verdict p { margin: 0; }
.verdict ul { margin: 0.7rem 0 0; color: var(--ink); }
.verdict .word { font-weight: 700; letter-spacing: 0.04em; text-transform: uppercase; font-size: 0.9rem; }
.verdict .sentence { font-size: 1.3rem; line-height: 1.4; color: var(--ink); }
.note { margin: 0 0 1.25rem; padding: 0.8rem 1.4rem; border-left: 6px solid; }
.note .title { margin: 0 0 0.3rem; font-weight: 700; }
.note ul { margin: 0; color: var(--ink); }
.good { color: var(--good); background: var(--good-ground); }
.warning { color: var(--warning); background: var(--warning-ground); }
.danger { color: var(--danger); background: var(--danger-ground); }
.plain { color: var(--plain); background: var(--plain-ground); }
.verdict, .note { border-color: currentColor; }
.mark { display: inline-block; padding: 0 0.5em; border-radius: 0.25em; font-size: 0.875em; font-weight: 600; white-space: nowrap; letter-spacing: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); margin: 1.5rem 0;
  padding: 0; list-style: none; border: solid var(--rule); border-width: 1px 0 0 1px; }
.figures li { margin: 0; padding: 0.9rem 1.1rem; border: solid var(--rule); border-width: 0 1px 1px 0; }
.figures strong { display: block; font-size: 1.6rem; line-height: 1.25; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.figures span { display: block; color: var(--quiet); font-size: 0.9rem; line-height: 1.35; }
nav { margin: 2rem 0; padding: 1rem 1.4rem 1.1rem; background: var(--raised); }
nav h2 { margin: 0 0 0.4rem; font-size: 1rem; }
nav ol { margin: 0; padding-left: 1.4rem; columns: 2; column-gap: 2.5rem; }
nav li { margin: 0; padding: 0.15rem 0; break-inside: avoid; }
`

const SECTIONS = `
main > section[id] { padding-top: 1.5rem; margin-top: 2.75rem; border-top: 2px solid var(--ink); }
h2 { margin: 0 0 0.9rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; }
.ordinal { display: inline-block; min-width: 1.5em; color: var(--quiet); font-weight: 400; }
h3 { margin: 1.9rem 0 0.5rem; font-size: 1.0625rem; line-height: 1.35; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; line-height: 1.45; font-variant-numeric: tabular-nums; }
caption.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
caption { padding: 0.5rem 0; text-align: left; font-weight: 600; }
th, td { padding: 0.5rem 0.9rem 0.5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead td { border-bottom: 2px solid var(--rule); }
thead th.number { white-space: normal; }
thead th { overflow-wrap: break-word; font-size: 0.8125rem; font-weight: 600; color: var(--quiet); vertical-align: bottom; border-bottom: 2px solid var(--rule); }
tfoot th, tfoot td { font-weight: 700; border-bottom: 0; border-top: 2px solid var(--rule); }
.number { text-align: right; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
table.compact { width: auto; min-width: min(100%, 30rem); }
table.stacked th[scope="row"] { min-width: 9.5rem; }
table.stacked th[scope="row"] strong { font-weight: 600; }
table.stacked td:not(.number) { min-width: 6.5rem; }
.advised { background: var(--good-ground); }
th.advised, td.advised, .advised + th, .advised + td { padding-left: 0.9rem; }
thead th.advised { color: var(--good); }
.scroll { overflow-x: auto; }
.scrolled th, .scrolled td { padding-right: 0; padding-left: 0.7rem; white-space: nowrap; }
.scrolled th:first-child { padding-left: 0; }
.bar { display: block; width: 100%; min-width: 3.5rem; max-width: 6rem; height: 5px; margin: 0.3rem 0; }
th .bar { max-width: none; }
.bar .rest { fill: var(--rule); }
.bar .part { fill: var(--bars); }
.facts { font-size: 0.95rem; }
.facts > div { display: grid; grid-template-columns: 17rem 1fr; gap: 0.2rem 1.5rem; padding: 0.4rem 0; border-bottom: 1px solid var(--rule); }
.facts > div:last-child { border-bottom: 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.chart { margin: 1.5rem 0 0.75rem; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; color: var(--quiet); }
.chart text { font-family: inherit; }
.chart .bars { color: var(--bars); }
.chart .narrow { display: none; }
figcaption { margin-top: 0.6rem; color: var(--quiet); font-size: 0.9rem; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; color: var(--link); width: fit-content; padding: 0.25rem 0; }
.tasks { padding: 0; list-style: none; }
.tasks li { display: grid; grid-template-columns: 1.15rem 1fr; gap: 0 0.9rem; padding: 0.75rem 0; margin: 0; border-bottom: 1px solid var(--rule); max-width: none; }
.tasks li:last-child { border-bottom: 0; }
.tasks p { margin: 0; }
.tasks .detail { font-size: 0.9rem; color: var(--quiet); }
.tasks .detail strong { font-weight: 600; color: var(--ink); }
.box { width: 1.15rem; height: 1.15rem; margin-top: 0.2rem; border: 1.5px solid var(--ink); border-radius: 2px; }
.pen { display: grid; grid-template-columns: 5fr 3fr 5fr; gap: 1.5rem; margin: 0 0 0.5rem; max-width: none; }
.pen span { margin-top: 2.4rem; padding-top: 0.2rem; border-top: 1px solid var(--quiet); font-size: 0.8125rem; color: var(--quiet); }
.tasks .paper { display: none; }
`

export const STYLES: string = [COLOURS, FRAME, HEADER, SECTIONS, NARROW, PAPER].join('')
