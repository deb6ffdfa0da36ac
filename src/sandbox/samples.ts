/**
 * Values of interactions as people and systems write them, the awkward ones among them.
 * Guarantees: each is valid under the type and format of its property; nothing but the generator decides which.
 */
import type { Json } from '../json.ts'
import type { SchemaProperty } from '../model.ts'
import { between, pick, type Random } from './random.ts'

const DAY = 24 * 60 * 60_000

const TEXTS = [
  'Mycket bra kvalitet, sitter perfekt över axlarna. Åsa & Örjan är nöjda!',
  'Färgen bleknade efter tre tvättar :(',
  'Great fit - would buy again. 5/5',
  'She said "wow" and it\'s 100% wool \\ no itch',
  'Line one\nline two\r\nline three',
  'Column\tby\tcolumn',
  'Pasted from a web page:\u2028a line separator,\u2029a paragraph separator and a no-break\u00a0space',
  // The same words composed and decomposed, which look alike and are not equal.
  'Caf\u00e9 cr\u00e8me',
  'Cafe\u0301 cre\u0300me',
  '  spaces at both ends  ',
  'جودة ممتازة والمقاس مناسب تماما',
  'איכות מעולה, ממליצה בחום (מידה 38)',
  '质量很好，物流很快，下次还会再买。',
  'とても気に入りました。サイズもぴったりです。',
  'คุณภาพดีมาก จัดส่งรวดเร็ว',
  'बहुत अच्छी गुणवत्ता, धन्यवाद',
  'Отличное качество, рекомендую',
  'Πολύ καλή ποιότητα',
  '품질이 정말 좋아요',
  // Emoji joined by zero-width joiners, with skin tones, flags and a character outside the basic plane.
  'Hela familjen \u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466} gillar den \u{1f44d}\u{1f3fd}',
  '\u{1f1f8}\u{1f1ea} \u{1f9e5} \u{20bb7}野家 ❤️',
  '<b>not markup</b> &amp; {{contact.firstName}}',
  '1.0',
  'null',
  '',
]

const CODES = ['SKU', 'ART', 'sku', 'Ä']
const OFFSETS = [0, 60, 120, -300, -480, 330, 345, 840]
const DECIMALS = ['1.0', '0.10', '0', '-5.25', '1e2', '19.99', '0.1', '12345678901234567.89', '100.00']

/** @returns a value for a property, dated around `ms` (milliseconds since the epoch) if it is a date. */
export function sampleValue(random: Random, name: string, property: SchemaProperty, ms: number): Json {
  switch (property.type) {
    case 'boolean':
      return random() < 0.5
    case 'integer':
      return sampleInteger(random, name)
    case 'number':
      return numberOf(
        random() < 0.4 ? pick(random, DECIMALS) : (between(random, 0, 500_000) / 100).toFixed(2),
      )
    default:
      if (property['format'] === 'date-time') return sampleDateTime(random, ms - between(random, 0, 30 * DAY))
      return /(sku|id)$/i.test(name) ? sampleCode(random) : sampleText(random)
  }
}

/** @returns an instant in one of the notations that RFC 3339 allows. */
export function sampleDateTime(random: Random, ms: number): string {
  const style = random()
  const offset = style < 0.5 ? 0 : pick(random, OFFSETS)
  const local = new Date(ms + offset * 60_000).toISOString()
  if (style < 0.4) return local
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')
  const zone = `${offset < 0 ? '-' : '+'}${hours}:${String(Math.abs(offset) % 60).padStart(2, '0')}`
  if (style < 0.6) return `${local.slice(0, 19)}${zone}`
  return `${local.slice(0, 23)}${style < 0.7 ? '1230' : ''}${zone}`
}

function sampleInteger(random: Random, name: string): Json {
  if (/id$/i.test(name)) {
    // Far above 2^53, where doubles have gaps.
    const low = String(between(random, 0, 999_999_999)).padStart(9, '0')
    return numberOf(`${between(random, 100_000_000, 999_999_999)}${low}`)
  }
  if (/rating|score/i.test(name)) return between(random, 1, 5)
  // JSON Schema counts 100.0 as an integer.
  return random() < 0.02 ? numberOf(`${between(random, 1, 900)}.0`) : between(random, 0, 5000)
}

function sampleCode(random: Random): string {
  return `${pick(random, CODES)}-${String(between(random, 0, 99_999)).padStart(6, '0')}`
}

function sampleText(random: Random): string {
  const text = pick(random, TEXTS)
  return random() < 0.3 ? `${text} ${pick(random, TEXTS)}` : text
}

/** The same value that reading this text as JSON gives. */
function numberOf(text: string): Json {
  const value = Number(text)
  return String(value) === text ? value : JSON.rawJSON(text)
}
