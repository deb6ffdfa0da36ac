/**
 * The changes of one property that two forms of a schema both have.
 * Guarantees: every difference gives at least one change; an absent flag and "false" are no difference.
 */
import type { Json, JsonObject } from '../json.ts'
import { type ChangeKind, change, fromTo, keywordCompatible, type SchemaChange } from './change.ts'
import { allNames, sameValue } from './json-value.ts'
import type { Pair } from './widening.ts'

/** A keyword of a property: the kind of its change, how a sentence calls it, what its absence means. */
interface Keyword {
  readonly kind: ChangeKind
  readonly name: string
  readonly absent?: string
  readonly compatible: (pair: Pair) => boolean
}

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  // Not where it takes all that it took, either: segments are built on it.
  ['type', { kind: 'type-changed', name: 'The type', compatible: () => false }],
  // A format that is added or replaced refuses records that were right before; one less refuses none.
  ['format', { kind: 'format-changed', name: 'The format', compatible: ({ after }) => after === undefined }],
  ['displayName', { kind: 'renamed-for-display', name: 'The display name', compatible: () => true }],
  [
    'showInContactCard',
    {
      kind: 'contact-card-changed',
      name: 'The flag "showInContactCard"',
      absent: 'false',
      compatible: () => true,
    },
  ],
  ['sortOrder', { kind: 'order-changed', name: 'The sort order', compatible: () => true }],
])

/**
 * @returns the changes of the property, in the order of its keywords; empty when it is the same ("Interaction
 *   segmentation": a flag that is left out is "false")
 */
export function diffProperty(name: string, old: JsonObject, young: JsonObject): readonly SchemaChange[] {
  return allNames(old, young).flatMap((keyword) => {
    const known = KEYWORDS.get(keyword)
    const pair = pairOf(old, young, keyword, keyword === 'addToSegmentation' ? 'false' : known?.absent)
    if (sameValue(pair.before, pair.after)) return []
    if (keyword === 'addToSegmentation') return [segmentationChange(name, pair)]
    const title = known?.name ?? `The keyword ${JSON.stringify(keyword)}`
    const text = `${title} of ${JSON.stringify(name)} changes ${fromTo(pair)}.`
    const compatible = known?.compatible(pair) ?? keywordCompatible(keyword, pair, old)
    return [change(known?.kind ?? 'keyword-changed', compatible, text, pair, name)]
  })
}

/** @returns a keyword's value in both; `absent` where it is left out. */
export function pairOf(old: JsonObject, young: JsonObject, keyword: string, absent?: string): Pair {
  // Not `??`: null is a value that a schema may hold.
  const valueIn = (object: JsonObject): Json | undefined =>
    Object.hasOwn(object, keyword) ? object[keyword] : absent
  return { before: valueIn(old), after: valueIn(young) }
}

function segmentationChange(name: string, pair: Pair): SchemaChange {
  const shown = JSON.stringify(name)
  if (pair.after === 'true')
    return change('made-segmentable', true, `${shown} can be used in segmentation.`, pair, name)
  if (pair.before === 'true') {
    const text = `${shown} can no longer be used in segmentation.`
    return change('no-longer-segmentable', true, text, pair, name)
  }
  // Neither is "true": a flag of a form that the rules refuse, and a difference all the same.
  const text = `The flag "addToSegmentation" of ${shown} changes ${fromTo(pair)}.`
  return change('keyword-changed', true, text, pair, name)
}
