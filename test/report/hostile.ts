/** Texts that try to be more than text, put in the place of every text of a report. */
import type { Json } from '../../src/json.ts'
import { isObject } from '../../src/json.ts'
import type { Report } from '../../src/report/report.ts'

/** Each is short enough for the place that shows least, so that none is harmless only because it was cut. */
export const HOSTILE: readonly string[] = [
  '<script>document.title="run"</script><img src=x onerror=alert(1)>',
  "\"><svg onload=alert(1)>' onmouseover='alert(1)' style='position:fixed",
  '</title></style></textarea></bdi></code><base href=//evil.com/><!--',
  '[x](javascript:alert(1)) ![y](http://evil.com/y.png) <http://evil.com>',
  'www.evil.com https://evil.com mallory@evil.com @mallory #12 evil.com',
  '`code` ``` | cell \\| **bold** __u__ ~~gone~~ $x$ [^1] {{y}} \\`z` <!-- -->',
  '\n\n# heading\n- item\n1. one\n> quote\n---\n| a | b |\n| - | - |\n```sh\nrm -rf /',
  '=HYPERLINK("http://evil.com";"x")',
  "@SUM(1+9)*cmd|' /C calc'!A0",
  '\u001b[2J\u001b]8;;http://evil.com\u0007x \u009b31m \u0007\u0000\r',
  '\u202egnp.exe\u202c \u2066x\u2069 \u200f\ufeff\u200b\u00ad \u{e0041}\u{e0042} \ud83d',
  '&lt;script&gt; &#x3c;b&#x3e; &nbsp; &copy;',
  '<b onclick=x> a <i>b</i> <br/>',
  '1. first',
  '- [ ] task',
  '    indented',
  'javascript:alert(1)',
]

/** What the report itself says: its kinds, states and dates, which are no texts of anybody. */
const KINDS =
  /^(engage-migrate report|production|staging|sandbox|unknown|may|not-yet|must-not|no-plan|error|warning|in-place|parallel|pending|open|signed|not-needed|good|poor|never|besides|only|full|hot|numbers|instants|lengths|e-mail address|phone number)$/
const DATE = /^\d{4}-\d\d(-\d\d(T[\d:.]+Z)?)?$/

/**
 * @param put what stands in the place of a text; the same for the same text, so that what was one stays one
 * @returns the report with every text of it exchanged, empty ones aside, names of members too where they are free
 */
export function withTexts(report: Report, put: (index: number) => string): Report {
  const known = new Map<string, string>()
  const exchanged = (value: Json): Json => {
    if (typeof value === 'string') {
      if (value === '' || KINDS.test(value) || DATE.test(value)) return value
      const text = known.get(value) ?? put(known.size)
      known.set(value, text)
      return text
    }
    if (Array.isArray(value)) return value.map((each: Json) => exchanged(each))
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, exchanged(each)]))
  }
  return exchanged(report) as unknown as Report
}

/** @param turn from 0 to one less than there are: after all turns each text has stood in each place */
export function hostile(report: Report, turn: number): Report {
  return withTexts(report, (index) => HOSTILE[(index + turn) % HOSTILE.length] ?? '')
}

/** The same report with words in the place of all texts, equal where hostile ones are: these must not differ from it in form. */
export function harmless(report: Report): Report {
  return withTexts(report, (index) => `word${index % HOSTILE.length}`)
}
