/**
 * What will not be in Engage after an upgrade, and why.
 * Guarantees: pure; everything that the run knows not to come back is in the list, each kind with its number and where it stays;
 * what Engage holds today and what it never held are told apart.
 */
import type { Profile } from '../profile/profile.ts'
import type { HistoryFigures } from '../upgrade/ledger.ts'
import { lossKnown } from './history-facts.ts'
import type { HistoryFacts, NotBack } from './report.ts'

export interface NotBackFacts {
  readonly profile: Profile
  readonly history: HistoryFacts | null
  /** Contacts with history that were deleted since the base pass. */
  readonly gone: number
  /** Some of those that only Engage holds, each in words. */
  readonly engageExamples: HistoryFigures['engageExamples']
  /** Names of the snapshot that all that is deleted stays in, and of the one where contacts that went since are. */
  readonly snapshot: string
  readonly baseSnapshot: string | null
  /** Whether all of it is counted anew before anybody signs. */
  readonly provisional: boolean
}

/** What says how many are refused. */
interface Refusing {
  readonly profile: Pick<Profile, 'refused'>
  readonly history: HistoryFacts | null
}

/** Reasons that are named, of those for which the new schema refuses something. */
const NAMED = 5

export function notBack(facts: NotBackFacts): readonly NotBack[] {
  const { profile, history, gone, engageExamples, snapshot, baseSnapshot, provisional } = facts
  const { compared = null, merged = null } = history ?? {}
  const loss = lossKnown(history) ?? 0
  const all: readonly NotBack[] = [
    {
      title: 'Interactions that the new schema refuses',
      count: refusedOf(facts),
      why: `By the new schema's rules Engage will not take them: ${profile.refused.reasons
        .slice(0, NAMED)
        .map(({ reason }) => reason)
        .join('; ')}.`,
      today: true,
      provisional,
      // They stand by reason, each with its own, in the profile.
      examples: [],
      where: snapshot,
    },
    {
      title: 'Interactions of the source that the new schema refuses',
      count: merged?.refused.source ?? 0,
      why: 'Only the history of the source has them, and by the new schema’s rules Engage will not take them.',
      today: false,
      provisional,
      examples: [],
      where: history?.source ?? null,
    },
    {
      title: 'Contacts that were deleted while this was prepared, with all that they had',
      count: gone,
      why: 'Engage deletes what a deleted contact has. The number is of contacts; their interactions stay in the snapshot of the base pass.',
      today: false,
      provisional,
      examples: [],
      where: baseSnapshot,
    },
    {
      title: 'Interactions that only Engage holds, not the history of the source',
      count: loss,
      why: `By this plan (--history-only) the history of the source is imported instead of what Engage holds. They stay in the snapshot, from which “restore” brings them in later.${
        merged === null ? ' Counted by what the base pass has read: that is provisional.' : ''
      }`,
      today: true,
      provisional,
      examples: loss === 0 ? [] : engageExamples,
      where: snapshot,
    },
    {
      title: 'Interactions of the source whose contacts Engage does not know',
      count: compared?.unknown ?? 0,
      why: 'An interaction needs a contact: these can not be imported. They were not in Engage before, either.',
      today: false,
      provisional,
      examples: [],
      where: history?.source ?? null,
    },
  ]
  return all.filter(({ count }) => count > 0)
}

/**
 * @returns of what Engage holds, how many interactions the new schema refuses. Where they are merged with those of the source, some
 *   come richer, and so are taken, and some are not imported at all.
 */
export function refusedOf({ profile, history }: Refusing): number {
  return history?.merged?.refused.engage ?? profile.refused.interactions
}
