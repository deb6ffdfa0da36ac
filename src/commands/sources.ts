/**
 * Which snapshots the restores of a data folder have yet to read, wherever they are kept.
 * Guarantees: changes nothing; a snapshot is known by its address, whatever schema it is of; where a journal can't be read,
 * its restore may have yet to read what its plan names.
 */
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import type { Place } from '../snapshot/place.ts'
import { whySourceNeeded } from '../upgrade/needed.ts'
import { type Plan, parsePlan } from '../upgrade/plan.ts'
import { readText } from './open.ts'
import { sameWritten } from './places.ts'
import { begunRuns } from './runs.ts'

export interface Sources {
  /** @returns why restores can't do without a snapshot, each run named; none where none reads it */
  of(place: Pick<Place, 'name'>): readonly string[]
}

/** @param data folder of runs @throws what the disk says, where it can't be read */
export function sourcesOf(data: string, clock: Clock): Sources {
  const needed = begunRuns({ data }).flatMap((run) => sourceOf(join(data, 'runs', run), run, clock) ?? [])
  return {
    of: ({ name }) => {
      const address = sameWritten(name)
      return needed.flatMap((each) => (each.address === address ? [each.why] : []))
    },
  }
}

function sourceOf(folder: string, run: string, clock: Clock) {
  const plan = planIn(folder)
  if (plan?.restore === undefined) return undefined
  const why = whyRead(folder, plan, clock)
  return why === undefined
    ? undefined
    : { address: sameWritten(plan.restore.snapshot), why: `run ${run} ${why}` }
}

/** Without its plan nobody can go on with a run. */
function planIn(folder: string): Plan | undefined {
  try {
    const file = join(folder, 'plan.json')
    return parsePlan(readText(file), file)
  } catch (error) {
    if (error instanceof OperatorError) return undefined
    throw error
  }
}

function whyRead(folder: string, plan: Plan, clock: Clock): string | undefined {
  const began = Date.parse(plan.createdAt)
  try {
    using journal = openJournal(join(folder, 'run.db'), clock, 'read')
    return whySourceNeeded(journal, began, clock.now())
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return whySourceNeeded(undefined, began, clock.now())
  }
}
