/**
 * Whether people write into a property in their own words.
 * Guarantees: pure; flat memory; of a text the first thousand characters are looked at.
 *
 * A heuristic. A text is a sentence where it has three words and one of them, not an abbreviation, is followed by a full stop, a
 * question mark or the like, or where it has several lines; it is wordy with eight words, or four and a hundred characters. People
 * write in their own words where one text of twenty is a sentence, or one of twenty is wordy and most texts are unlike all others
 * (names of products can be long, too, but they come again). What is chosen from a list is not: at most 50 different texts, each
 * of them twenty times on average.
 */
const LOOKED_AT = 1000

/** Without a space within, and shorter than this, no text is more than a word or two. */
const SHORTEST = 10

/** A word by its beginning: what no space is before, up to the first letter. */
const WORD = /(?<!\S)[^\p{L}\s]*\p{L}/gu
const SENTENCE_END = /[\p{L}\p{M}\p{N}]{3}["'”’)]?[.!?…؟।]+(?:["'”’)]|\s|$)/u
/** The marks of writing that has no spaces, or ends its sentences otherwise. */
const WIDE_END = /\p{L}{3}[。！？｡]/u
const LINE_END = /[\n\r\u2028\u2029]/

const SHARE = 0.05
const LIST = { values: 50, each: 20 }

/** What a text is like: `other` is a word or two, a name, a code. */
export type Wording = 'blank' | 'sentence' | 'wordy' | 'other'

export function wordingOf(text: string): Wording {
  const start = text.slice(0, LOOKED_AT).trim()
  if (start === '') return text.trim() === '' ? 'blank' : 'other'
  if (start.length < SHORTEST) return 'other'
  if (WIDE_END.test(start)) return 'sentence'
  if (!/\s/.test(start)) return 'other'
  const words = start.match(WORD)?.length ?? 0
  if (words >= 3 && (SENTENCE_END.test(start) || LINE_END.test(start))) return 'sentence'
  return words >= 8 || (words >= 4 && text.length >= 100) ? 'wordy' : 'other'
}

export class OwnWords {
  readonly #counts = { blank: 0, sentence: 0, wordy: 0, other: 0 }

  add(wording: Wording): void {
    this.#counts[wording] += 1
  }

  /**
   * @param distinct how many different values the property has
   * @param others how many of its values are no texts
   */
  found(distinct: number, others: number): boolean {
    const { sentence, wordy, other } = this.#counts
    const values = sentence + wordy + other + others
    if (distinct <= LIST.values && values >= distinct * LIST.each) return false
    if (sentence > 0 && sentence >= values * SHARE) return true
    const long = sentence + wordy
    return long > 0 && long >= values * SHARE && distinct * 2 >= values
  }
}
