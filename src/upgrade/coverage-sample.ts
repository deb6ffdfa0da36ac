/**
 * Contacts outside the list, sampled: what a plan says of them.
 * Guarantees: pure; plain values; a sample that was read from a file says of its bound what its counts give, or is refused.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import { countOf } from '../words.ts'
import { upperBound } from './confidence.ts'

export interface CoverageSample extends JsonObject {
  /** What names the contacts that it was drawn from: a file, or the tenant's `changes`. */
  readonly source: string
  /** Lines of that file without a contact id. */
  readonly unreadable: number
  /** Different contacts that it names and the list does not. */
  readonly outside: number
  /** How many of them were read, at random. */
  readonly sampled: number
  /** How many of these the tenant does not know any more. */
  readonly gone: number
  /** How many of these have interactions of the schema. */
  readonly withInteractions: number
  readonly interactions: number
  /** Ids of contacts that have some, at most `EXAMPLES`. */
  readonly examples: readonly string[]
  /**
   * The share of those outside whom the tenant still knows that have some, 0 to 1, which is not exceeded at 95 % confidence; exact
   * where all were read. Who is gone says nothing of those who are there.
   */
  readonly upperBound: number
}

/** Contacts that are named one by one. */
export const EXAMPLES = 5

type Counts = Pick<CoverageSample, 'outside' | 'sampled' | 'gone' | 'withInteractions'>

/** @returns see CoverageSample.upperBound */
export function boundOf({ outside, sampled, gone, withInteractions }: Counts): number {
  const there = sampled - gone
  if (sampled < outside) return upperBound(withInteractions, there)
  return there === 0 ? 0 : withInteractions / there
}

/** @returns what the sample says, in sentences, and what to do where it found something */
export function sampleStatements(sample: CoverageSample): readonly string[] {
  const { source, unreadable, outside, interactions, withInteractions, examples } = sample
  const passedOver =
    unreadable === 0
      ? []
      : [`${countOf(unreadable, 'line')} of ${source} named no contact id, and no contact.`]
  if (outside === 0) return [`Every contact that ${source} names is in the list.`, ...passedOver]
  if (withInteractions === 0)
    return [`${drawnText(sample)}: none has interactions of this schema.${boundText(sample)}`, ...passedOver]
  const have = withInteractions === 1 ? 'has' : 'have'
  const others = withInteractions > examples.length ? 'such as ' : ''
  return [
    `${drawnText(sample)}: ${withInteractions} ${have} ${countOf(interactions, 'interaction')} of this schema (${others}${examples.join(', ')}).${boundText(sample)}`,
    `The list lacks contacts with history, whatever the count says, and their history is lost for good with the deletion. Add every contact that ${source} names to the list, not only those that the sample has met, and plan again.`,
    ...passedOver,
  ]
}

/** Which contacts were read. */
function drawnText({ source, outside, sampled, gone }: CoverageSample): string {
  const known = `${source} names ${countOf(outside, 'contact')} that the list does not`
  const read = sampled < outside ? `${sampled} of them were read, drawn at random` : 'each was read'
  if (gone === 0) return `${known}; ${read}`
  const there = sampled - gone
  return `${known}; ${read} (${gone} ${gone === 1 ? 'is' : 'are'} gone from the tenant, ${there} ${there === 1 ? 'is' : 'are'} there)`
}

function boundText({ outside, sampled, gone, upperBound: bound }: CoverageSample): string {
  if (sampled === outside) return ''
  if (sampled === gone) return ' Nobody of them is there, so of those who are, nothing is known.'
  const whom = gone === 0 ? 'all of these' : 'all of these who are there'
  // Of those who were not read, each may be there.
  const most = Math.floor(bound * (outside - gone))
  return ` Of ${whom}, at most ${percent(bound)} have any (${countOf(most, 'contact')}; 95 % confidence).`
}

/** Two digits, rounded up: a bound must not look lower than it is. */
function percent(share: number): string {
  const value = share * 100
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return `${Number((Math.ceil(value / unit) * unit).toPrecision(2))} %`
}

const COUNTS = ['unreadable', 'outside', 'sampled', 'gone', 'withInteractions', 'interactions'] as const
/** What a bound may differ by from one machine's arithmetic to another's. */
const NEAR = 1e-9

/** @returns the names of the fields that a sample read from a file lacks, or that are not what they should be */
export function missingSample(value: Json | undefined): readonly string[] {
  if (value === undefined) return []
  if (!isObject(value)) return ['coverageSample']
  const sample = value as CoverageSample
  const lacking = [
    ...(typeof sample.source === 'string' ? [] : ['source']),
    ...COUNTS.filter((name) => !Number.isSafeInteger(sample[name]) || sample[name] < 0),
    ...(isExamples(value['examples']) ? [] : ['examples']),
  ]
  if (lacking.length === 0) {
    const { outside, sampled, gone, withInteractions, interactions, examples } = sample
    if (sampled > outside || (sampled === 0 && outside > 0)) lacking.push('sampled')
    // Who is gone has none that anybody could read.
    if (gone + withInteractions > sampled || examples.length !== Math.min(withInteractions, EXAMPLES))
      lacking.push('withInteractions')
    if (interactions < withInteractions || (interactions > 0 && withInteractions === 0))
      lacking.push('interactions')
    if (!(Math.abs(sample.upperBound - boundOf(sample)) < NEAR)) lacking.push('upperBound')
  }
  return lacking.map((name) => `coverageSample.${name}`)
}

function isExamples(value: Json | undefined): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
