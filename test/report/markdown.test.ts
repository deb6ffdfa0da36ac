/** The report as Markdown: complete, and text only, by the eyes of a parser that links whatever looks like an address. */
import MarkdownIt from 'markdown-it'
import { describe, expect, test } from 'vitest'
import { markdownOf } from '../../src/report/page/markdown.ts'
import { HOSTILE, harmless, hostile, withTexts } from './hostile.ts'
import { REPORT } from './sample.ts'

/** The least careful renderer that there is: HTML passes, addresses become links. */
const parser = new MarkdownIt({ html: true, linkify: true })
parser.linkify.set({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true })

/** @returns what a renderer would make of it: every block and every inline construct, but for text and code spans */
function constructsOf(markdown: string): readonly string[] {
  return parser
    .parse(markdown, {})
    .flatMap((block) => [block, ...(block.children ?? [])])
    .filter(({ type }) => !['inline', 'text', 'code_inline'].includes(type))
    .map(({ type, tag }) => `${type} ${tag}`)
}

describe('Markdown', () => {
  const expected = constructsOf(markdownOf(harmless(REPORT)))

  test.each(HOSTILE.map((_, turn) => turn))(
    'hostile texts make nothing that words would not (turn %i)',
    (turn) => {
      expect(constructsOf(markdownOf(hostile(REPORT, turn)))).toEqual(expected)
    },
  )

  test('the parser sees what it is here to see', () => {
    expect(constructsOf('mallory@evil.com')).toContain('link_open a')
    expect(constructsOf('x www.evil.com <b>')).toEqual(
      expect.arrayContaining(['link_open a', 'html_inline ']),
    )
  })

  test('has no link, no picture and no HTML of its own', () => {
    expect(expected.filter((each) => /link|image|html|fence/.test(each))).toEqual([])
  })

  test('shows what a text holds, where it may hold anything', () => {
    const markdown = markdownOf(withTexts(REPORT, () => 'a|b`c\u202e*d* x@y.com'))
    expect(markdown).toContain('`a\\u007cb\\u0060c\\u202e*d* x@y.com`')
    expect(markdown).toContain('a&#124;b\\`c\\\\u202e\\*d\\* `x@y.com`')
  })

  test('has every section, table and signature of the sample', () => {
    const markdown = markdownOf(REPORT)
    expect(markdown.match(/^## .*$/gm)).toHaveLength(8)
    expect(markdown).toMatch(/^# Deleting and recreating `completedProductRating` in `acme\.voyado\.com`$/m)
    expect(markdown).toContain('**PRODUCTION.**')
    expect(markdown).toContain('~~Ada Lovelace~~')
    expect(markdown).toContain('| **Rating** · `rating` | integer | **Yes** | Yes | Becomes segmentable. |')
    expect(markdown).toContain('- [ ] Let producers send again.')
  })
})
