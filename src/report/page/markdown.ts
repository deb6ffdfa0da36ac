/**
 * Report → Markdown, for a ticket or a wiki.
 * Guarantees: it says what the HTML says, in its order; whatever stands in the report is text in it.
 */
import type { Report } from '../report.ts'
import { pageOf } from './contents.ts'
import type { Block, Environs, Heading, Section, Table, Task, Text } from './document.ts'
import { inline, line } from './markdown-text.ts'

/** @returns the file's text; the same for the same report */
export function markdownOf(report: Report): string {
  const { environment, heading, opening, sections, closing } = pageOf(report)
  const parts = [
    titleLine(heading),
    environmentLine(environment),
    ...opening.flatMap(blockParts),
    ...sections.flatMap(sectionParts),
    '---',
    ...closing.map(line),
  ]
  return `${parts.join('\n\n')}\n`
}

function titleLine({ before, schema, between, tenant }: Heading): string {
  return `# ${inline([before, ' ', { run: 'code', text: schema }, ` ${between} `, { run: 'code', text: tenant }])}`
}

function environmentLine({ word, means }: Environs): string {
  return `**${word.toUpperCase()}.** ${inline(means)}`
}

function sectionParts({ title, blocks }: Section, index: number): readonly string[] {
  return [`## ${index + 1}. ${inline(title)}`, ...blocks.flatMap(blockParts)]
}

function blockParts(block: Block): readonly string[] {
  switch (block.block) {
    case 'verdict':
      return [
        `> **${block.word}.** ${inline(block.sentence)}`,
        ...(block.because.length === 0 ? [] : [listLines(block.because)]),
      ]
    case 'paragraph':
      return [line(block.text)]
    case 'heading':
      return [`### ${inline(block.text)}`]
    case 'list':
      return [listLines(block.items)]
    case 'tasks':
      return [block.items.map(taskLines).join('\n')]
    case 'table':
      return [...(block.headed === true ? [] : [`**${inline(block.caption)}**`]), tableLines(block)]
    case 'facts':
      return [listLines(block.entries.map(factText))]
    case 'figures':
      return [block.entries.map(({ figure, label }) => `**${inline(figure)}** ${inline(label)}`).join(' · ')]
    case 'note':
      return [`**${inline(block.title)}**`, ...(block.items.length === 0 ? [] : [listLines(block.items)])]
    case 'chart':
      return [line(block.history.summary)]
    case 'folded':
      return block.blocks.flatMap(blockParts)
    case 'pen':
      return [penLines(block.people)]
  }
}

function factText([term, fact]: readonly [string, Text]): Text {
  const question = term.endsWith('?')
  return [`${term}${question ? ' ' : ': '}`, ...(Array.isArray(fact) ? fact : [fact])]
}

function listLines(items: readonly Text[]): string {
  return items.map((each) => `- ${line(each)}`).join('\n')
}

function taskLines({ text, details }: Task): string {
  return [`- [ ] ${line(text)}`, ...details.map((each) => `  - ${line(each)}`)].join('\n')
}

function tableLines({ columns, rows, total }: Table): string {
  return [
    rowLine(columns.map(({ head }) => inline(head))),
    rowLine(columns.map(({ numeric }) => (numeric === true ? '---:' : '---'))),
    ...[...rows, ...(total === undefined ? [] : [total])].map((row) => rowLine(row.map(inline))),
  ].join('\n')
}

function penLines(people: number): string {
  const rows = Array.from({ length: people }, () => rowLine(['', '', '']))
  return [rowLine(['Name and role', 'Date', 'Signature']), rowLine(['---', '---', '---']), ...rows].join('\n')
}

function rowLine(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
