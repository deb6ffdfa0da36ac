/**
 * May it be deleted? In one sentence, for whoever reads nothing else.
 * Guarantees: pure; "may" only where the final pass is done, what is imported is made, the new schema was tried, the policy does
 * not forbid it, and nothing is known that stands against it but what the sentence says that the signature accepts.
 */
import type { Profile, PropertyProfile } from '../profile/profile.ts'
import { grouped, several } from '../words.ts'
import { losesNothing } from './page/loss.ts'
import type { HistoryFacts, NotBack, Verdict } from './report.ts'

export interface VerdictFacts {
  readonly schemaId: string
  readonly tenant: string
  readonly interactions: number
  /** Whether producers stand still and the contacts were read after that. */
  readonly finalPassDone: boolean
  /** Whether what is imported is there: merged, where a history of the source comes in. */
  readonly importMade: boolean
  /** Null where the new schema has not passed a trial yet; false where there was no place for one. */
  readonly preflight: boolean | null
  /** What the last command failed with, where it failed after the final pass. */
  readonly failure: string | null
  /** Why the last approval is void; null where it is not, or was never asked for. */
  readonly voided: string | null
  readonly coverageSure: boolean
  /** Why nobody can sign, by the organisation's policy. */
  readonly forbidden: readonly string[]
  readonly notBack: readonly NotBack[]
  readonly profile: Pick<Profile, 'refused' | 'unnamed'>
  readonly history: HistoryFacts | null
  /** What a final pass leaves open; null where it reads everybody. */
  readonly risk: string | null
  /** Why a second schema in parallel is advised; empty where it is not. */
  readonly parallel: readonly string[]
  /** Properties that are made segmentable, and that nobody should segment on. */
  readonly unfit: ReadonlyArray<Pick<PropertyProfile, 'name' | 'worth'>>
}

export function verdictOf(facts: VerdictFacts): Verdict {
  const { schemaId, tenant, interactions, forbidden, notBack } = facts
  const accepts = acceptsOf(facts)
  const what = `all ${several(interactions, 'interaction')} of ${schemaId} in ${tenant}`
  if (forbidden.length > 0) {
    return {
      may: 'must-not',
      sentence: `It must not be deleted: the organisation's own policy forbids it.`,
      because: forbidden,
      accepts,
    }
  }
  const open = openOf(facts)
  if (open !== undefined) {
    return {
      may: 'not-yet',
      sentence: `It may not be deleted yet: ${what} are safe in a verified snapshot, but ${open.but}.`,
      because: open.because,
      accepts,
    }
  }
  const but = accepts.length === 0 ? '' : ' Whoever signs accepts what is listed below.'
  const back = losesNothing({ ...facts, notBack }) ? ', and all of them come back' : ''
  return {
    may: 'may',
    sentence: `It may be deleted: ${what} are in a verified snapshot${back}.${but}`,
    because: [],
    accepts,
  }
}

/** @returns what is still to be done before anybody can be asked; undefined where nothing is */
function openOf(
  facts: VerdictFacts,
): { readonly but: string; readonly because: readonly string[] } | undefined {
  const { finalPassDone, importMade, preflight, failure, voided, risk, history } = facts
  const why = failure === null ? [] : [`The last command failed: ${failure}`]
  if (!finalPassDone) {
    const merged = history === null ? '' : ', what the source has kept is merged with it'
    return {
      but: 'what arrives from now on is not',
      because: [
        'Automations have to be paused and producers stopped, and both signed for.',
        `Then ${risk === null ? 'every contact is read once more' : 'contacts are read once more, though not every one'}${merged}, ` +
          'the new schema is tried out, and this report is written anew: that one is signed for.',
      ],
    }
  }
  if (!importMade) {
    return {
      but: 'what is to be imported is not merged yet',
      because: [...why, 'What Engage holds has to be merged with the history of the source.'],
    }
  }
  if (voided !== null) {
    return {
      but: 'what it was approved on has changed',
      because: [voided, 'What is there then is put up for approval anew, when the run goes on.'],
    }
  }
  if (preflight === null) {
    return {
      but: 'the new schema has not passed its trial',
      because: [...why, 'Engage has to take the new schema under a throwaway id first.'],
    }
  }
  return undefined
}

function acceptsOf(facts: VerdictFacts): readonly string[] {
  const { notBack, coverageSure, preflight, risk, finalPassDone, parallel, unfit, history, profile } = facts
  const [most] = profile.unnamed
  const read = finalPassDone ? 'was' : 'will be'
  return [
    ...notBack.map(
      ({ title, count, today, provisional }) =>
        `${title}: ${grouped(count)}${provisional ? ' so far' : ''}.${today ? ' They do not come back.' : ' They are not in Engage today, and do not come.'}`,
    ),
    ...(history?.mode === 'only' && history.compared === null
      ? ['What only Engage holds does not come back; how much that is, is not known yet.']
      : []),
    ...(most === undefined
      ? []
      : [
          `Properties that the new schema does not name: Engage shows them today, and may not after the import. ${several(most.count, 'interaction')} ${most.count === 1 ? 'has' : 'have'} ${most.name}${profile.unnamed.length > 1 ? ', the most frequent one' : ''}.`,
        ]),
    ...(coverageSure
      ? []
      : [
          'It is not certain that the contact list holds every contact: what a missing one has is lost for good.',
        ]),
    ...(preflight === false
      ? ['Whether Engage takes the new schema could not be tried out, since all places are taken.']
      : []),
    ...(risk === null ? [] : [`Not every contact ${read} read once more: ${risk}.`]),
    ...(parallel.length === 0
      ? []
      : [`Advised here is a second schema in parallel, not the upgrade in place. ${parallel.join(' ')}`]),
    ...unfit.map(
      ({ name, worth }) =>
        `${name} is opened to segmentation, though nobody should segment on it. ${worth.why}.`,
    ),
  ]
}
