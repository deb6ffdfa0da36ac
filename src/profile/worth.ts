/**
 * Is a property worth one of the six segmentable places? ("Limitations": a schema can have six.)
 * Guarantees: pure; the sentence names the figures that the verdict rests on, and of the values none but where they begin and end.
 */
import { capital, estimated, grouped, percent, several } from '../words.ts'
import { PERSONAL_KINDS } from './personal-kind.ts'
import type { Distinct, PropertyProfile, Range, Worth } from './profile.ts'

export interface WorthFacts extends Pick<PropertyProfile, 'name' | 'filled' | 'personal' | 'freeText'> {
  readonly interactions: number
  readonly distinct: Distinct
  /** How many contacts have it, and how many different values each of them has, of all together. */
  readonly contacts: number
  readonly owned: number
  /** How often the most frequent value is there, at least. */
  readonly most: number
  readonly range: Range | null
  readonly kind: Kind
}

/** What a segment could be made of: whole numbers, others, instants, yes and no, or texts. */
export type Kind = 'integer' | 'number' | 'instant' | 'boolean' | 'text'

/** Less than this share of the interactions have it: hardly any contact could be told apart by it. */
const HARDLY_EVER = 0.05
/** This share of the values are the same one: a segment would be nearly all contacts, or nearly none. */
const NEARLY_ALWAYS = 0.95
/** This share of the values are different ones: nearly each interaction has one of its own. */
const NEARLY_UNIQUE = 0.9
/** This share of the values are different ones: a segment by one of them would be of an interaction or two. */
const TOO_MANY = 0.5
/** Of fewer contacts it says little that none has a value of another one. */
const ENOUGH_CONTACTS = 50
/** Less than this share of the values hold personal data: they have strayed into a property that is for something else. */
const STRAY = 0.01
/** Of fewer values that are all different, nothing can be told yet. */
const ENOUGH = 30

/** Names a product, however many of them there are ("The productSku property"): who asked for one can be a segment. */
const PRODUCT = 'productSku'

/** A whole number of that length is none that people count or pay in. */
const LONG_INTEGER = /^-?\d{13,}$/
const ID_NAME =
  /(?:^|[^\p{L}])(?:id|ids|guid|uuid|no|nr|number|nummer|num|ref|reference|key|code|ean|gtin|sku)$/iu

export function worthOf(facts: WorthFacts): Worth {
  const refused = never(facts)
  if (refused !== undefined) return refused
  const { verdict, why } = poor(facts) ?? {
    verdict: 'good',
    why: `${valuesOf(facts)}, ${shareOf(facts)}`,
  }
  return { verdict, why: capital([why, ...facts.personal.map(strayText)].join('; ')) }
}

function never({ personal, freeText, ...facts }: WorthFacts): Worth | undefined {
  const { filled, distinct, contacts, owned } = facts
  const meant = personal.filter(({ count }) => count >= filled * STRAY)
  if (meant.length > 0) {
    const found = meant.map(
      ({ kind, count }) => `${PERSONAL_KINDS[kind]} in ${percent(count, filled)} of its values`,
    )
    return { verdict: 'never', why: `${capital(found.join(', '))}: personal data` }
  }
  if (freeText) {
    const why = `People write here in their own words: ${estimated(distinct)} different values, ${shareOf(facts)}`
    return { verdict: 'never', why }
  }
  if (!tellsOneApart(facts) || facts.name === PRODUCT) return undefined
  const different = `${estimated(distinct)} different ones`
  if (filled >= ENOUGH && distinct.count >= filled * NEARLY_UNIQUE) {
    const why = `Nearly every interaction that has it has a value of its own, as ids are: ${different} in ${grouped(filled)}`
    return { verdict: 'never', why }
  }
  // Not of the contacts alone: a shop may have as many articles as customers, and many of these buy the same ones.
  if (contacts < ENOUGH_CONTACTS || distinct.count < owned * NEARLY_UNIQUE) return undefined
  const why = `Nearly every contact that has it has values of its own, which tell who it is: ${different}, of ${several(contacts, 'contact')}`
  return { verdict: 'never', why }
}

/** Of numbers and dates that are all different a segment can still be made, from one to another; of ids it can't. */
function tellsOneApart({ kind, name, range }: Omit<WorthFacts, 'personal' | 'freeText'>): boolean {
  if (kind === 'text') return true
  if (kind !== 'integer') return false
  const words = name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
  return ID_NAME.test(words) || (range?.of === 'numbers' && LONG_INTEGER.test(range.most))
}

function poor(facts: WorthFacts): Worth | undefined {
  const { interactions, filled, distinct, most } = facts
  if (filled === 0) return { verdict: 'poor', why: 'No interaction has it' }
  if (filled < interactions * HARDLY_EVER)
    return { verdict: 'poor', why: `Hardly any interaction has it: ${percent(filled, interactions)}` }
  if (distinct.count === 1) return { verdict: 'poor', why: `Its value is always the same, ${shareOf(facts)}` }
  if (most >= filled * NEARLY_ALWAYS)
    return { verdict: 'poor', why: `${percent(most, filled)} of its values are the same one` }
  if (filled < ENOUGH || distinct.count < filled * TOO_MANY || !tellsOneApart(facts)) return undefined
  const why = `Each value is there once or twice on average: ${estimated(distinct)} different ones in ${grouped(filled)}`
  return { verdict: 'poor', why }
}

function valuesOf({ kind, range, distinct, personal }: WorthFacts): string {
  const different = `${estimated(distinct)} different`
  if (kind === 'instant' && range?.of === 'instants')
    return `Dates from ${range.least.slice(0, 10)} to ${range.most.slice(0, 10)}`
  // The last of the numbers may be the one that is a phone number.
  if ((kind === 'integer' || kind === 'number') && range?.of === 'numbers' && personal.length === 0)
    return `${different} numbers from ${range.least} to ${range.most}`
  return `${different} values`
}

function shareOf({ filled, interactions }: Pick<WorthFacts, 'filled' | 'interactions'>): string {
  return `in ${percent(filled, interactions)} of the interactions`
}

/** What of it nobody meant to be there. */
function strayText({ kind, count }: PropertyProfile['personal'][number]): string {
  return `but ${several(count, 'value')} ${count === 1 ? 'holds' : 'hold'} ${PERSONAL_KINDS[kind]}, which are personal data`
}
