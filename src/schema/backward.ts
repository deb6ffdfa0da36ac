/**
 * Why a change is not backward compatible ("/interactionschemas": "The new schema must be backward compatible with the deleted
 * one").
 * Guarantees: every kind of change that can be incompatible has a reason, and the section of the documentation that it rests on.
 */
import type { ChangeKind, SchemaChange } from './change.ts'
import { SECTION, type Section } from './finding.ts'
import { typeWidens } from './widening.ts'

export interface Reason {
  /** In a sentence or two, of any such change. */
  readonly why: string
  readonly source: Section
}

const REFUSES: Reason = {
  why: 'An interaction that was kept by the old rule may break the new one, and one that breaks its schema is ignored.',
  source: SECTION.sending,
}

/** Of a type that takes all that the old one did: true of integers that become numbers. */
const UNKNOWN: Reason = {
  why:
    'The new type takes every interaction that the old one took, but segments are built on a type, and nothing says what becomes ' +
    'of them: it is not judged safe.',
  source: SECTION.segmentation,
}

const REASONS: Readonly<Partial<Record<ChangeKind, Reason>>> = {
  'id-changed': {
    why: 'What takes the place of a deleted schema has its id.',
    source: SECTION.replacing,
  },
  'property-removed': {
    why: 'What interactions hold of it would not come back, and automations that use it do not progress.',
    source: SECTION.replacing,
  },
}

/** @returns undefined where the change is compatible */
export function reasonAgainst({
  kind,
  compatible,
  before,
  after,
}: Pick<SchemaChange, 'kind' | 'compatible' | 'before' | 'after'>): Reason | undefined {
  if (compatible) return undefined
  if (kind === 'type-changed' && typeWidens({ before, after })) return UNKNOWN
  return REASONS[kind] ?? REFUSES
}
