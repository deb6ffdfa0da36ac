/**
 * May it be deleted? In one sentence, for whoever reads nothing else.
 * Guarantees: pure; "may" only where the final pass is done, the policy does not forbid it, and nothing is known that stands
 * against it but what the sentence says that the signature accepts.
 */
import { grouped, several } from './page/wording.ts'
import type { NotBack, Verdict } from './report.ts'

export interface VerdictFacts {
  readonly schemaId: string
  readonly tenant: string
  readonly interactions: number
  /** Whether producers stand still and every contact was read after that. */
  readonly finalPassDone: boolean
  /** Null where the trial was not made yet. */
  readonly preflight: boolean | null
  readonly coverageSure: boolean
  /** Why nobody can sign, by the organisation's policy. */
  readonly forbidden: readonly string[]
  readonly notBack: readonly NotBack[]
  /** What a final pass leaves open; null where it reads everybody. */
  readonly risk: string | null
  readonly personal: readonly string[]
}

export function verdictOf(facts: VerdictFacts): Verdict {
  const { schemaId, tenant, interactions, finalPassDone, forbidden, notBack, preflight } = facts
  const lost = notBack.filter(({ count }) => count > 0)
  const accepts = [
    ...lost.map(
      ({ title, count, today }) =>
        `${title}: ${grouped(count)}.${today ? ' They do not come back.' : ' They are not in Engage today, and do not come.'}`,
    ),
    ...(facts.coverageSure
      ? []
      : [
          'It is not certain that the contact list holds every contact: what a missing one has is lost for good.',
        ]),
    ...(preflight === false
      ? ['Whether Engage takes the new schema could not be tried out, since all places are taken.']
      : []),
    ...(facts.risk === null ? [] : [`Not every contact was read once more: ${facts.risk}.`]),
    ...facts.personal.map((name) => `${name} holds personal data and will be open to segmentation.`),
  ]
  const what = `all ${several(interactions, 'interaction')} of ${schemaId} in ${tenant}`
  if (forbidden.length > 0) {
    return {
      may: 'must-not',
      sentence: `It must not be deleted: the organisation's own policy forbids it.`,
      because: forbidden,
      accepts,
    }
  }
  if (!finalPassDone) {
    return {
      may: 'not-yet',
      sentence: `It may not be deleted yet: ${what} are safe in a verified snapshot, but what arrives from now on is not.`,
      because: [
        'Automations have to be paused and producers stopped, and both signed for.',
        'Then every contact is read once more, the new schema is tried out, and this report is written anew: that one is signed for.',
      ],
      accepts,
    }
  }
  const but = accepts.length === 0 ? '' : ' Whoever signs accepts what is listed below.'
  return {
    may: 'may',
    sentence: `It may be deleted: ${what} are in a verified snapshot${lost.every(({ today }) => !today) ? ', and all of them come back' : ''}.${but}`,
    because: [],
    accepts,
  }
}
