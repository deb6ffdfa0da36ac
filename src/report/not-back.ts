/**
 * What will not be in Engage after an upgrade, and why.
 * Guarantees: pure; everything that the run knows not to come back is in the list, each kind with its number and where it stays.
 */
import type { Profile } from '../profile/profile.ts'
import type { HistoryFigures } from '../upgrade/ledger.ts'
import type { PassTally } from '../upgrade/pass.ts'
import type { NotBack } from './report.ts'

export interface NotBackFacts {
  readonly profile: Profile
  /** Of the pass that will be imported from; null before the final pass, when only the profile knows. */
  readonly tally: PassTally | null
  readonly history: HistoryFigures | null
  /** Of a history that is imported instead of what Engage holds: how many stay behind. */
  readonly loss: number
  /** Where all that is deleted stays. */
  readonly snapshot: string
  /** Where contacts that went since still have their history; null before the final pass. */
  readonly baseSnapshot: string | null
}

/** Reasons that are named, of those for which the new schema refuses something. */
const NAMED = 5

export function notBack(facts: NotBackFacts): readonly NotBack[] {
  const { profile, tally, history, loss, snapshot, baseSnapshot } = facts
  const refused = tally?.refusable ?? profile.refused.interactions
  const gone = tally?.goneWithHistory ?? 0
  const all: readonly NotBack[] = [
    {
      title: 'Interactions that the new schema refuses',
      count: refused,
      why: `By the new schema's rules Engage will not take them: ${profile.refused.reasons
        .slice(0, NAMED)
        .map(({ reason }) => reason)
        .join('; ')}.`,
      today: true,
      // They stand by reason, each with its own, in the profile.
      examples: [],
      where: snapshot,
    },
    {
      title: 'Interactions of contacts that were deleted while this was prepared',
      count: gone,
      why: 'Engage deletes what a deleted contact has. The number is of contacts; their interactions stay in the snapshot of the base pass.',
      today: false,
      examples: [],
      where: baseSnapshot,
    },
    {
      title: 'Interactions that only Engage holds, not the history of the source',
      count: loss,
      why: 'By this plan (--history-only) the history of the source is imported instead of what Engage holds.',
      today: true,
      examples: loss === 0 ? [] : (history?.engageExamples ?? []),
      where: snapshot,
    },
    {
      title: 'Interactions of the source whose contacts Engage does not know',
      count: history?.gone ?? 0,
      why: 'An interaction needs a contact: these can not be imported. They were not in Engage before, either.',
      today: false,
      examples: [],
      where: null,
    },
  ]
  return all.filter(({ count }) => count > 0)
}

/** @returns interactions that will not come back, whatever the reason */
export function countNotBack({ profile, tally, loss }: NotBackFacts): number {
  return (tally?.refusable ?? profile.refused.interactions) + loss
}
