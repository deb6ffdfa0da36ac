/**
 * Which snapshots of a schema the runs of a data folder still need.
 * Guarantees: changes nothing; where it can't be told what a run needs (its journal is damaged, gone, or put back from an
 * older copy), it needs every snapshot of its schema.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { snapshotsNamed, whyNeeded } from '../upgrade/needed.ts'
import { isAbout } from './runs.ts'
import { markFile, mayBeOlder } from './taking-up.ts'

export interface Needs {
  /** @returns why runs can't do without a snapshot, each run named; none where none needs it */
  of(stamp: string): readonly string[]
}

/** One run's. */
interface Need {
  /** Names of snapshots; undefined where it may be any. */
  readonly snapshots: readonly string[] | undefined
  readonly why: string
}

interface Subject {
  /** Folder of snapshots and runs. */
  readonly data: string
  readonly tenant: string
  readonly schemaId: string
}

/** @throws what the disk says, where the folder of runs can't be read */
export function needsOf(subject: Subject, clock: Clock): Needs {
  const needs = runsIn(subject.data).flatMap((run) => needOf(run, subject, clock) ?? [])
  return {
    of: (stamp) =>
      needs.flatMap(({ snapshots, why }) =>
        snapshots === undefined || snapshots.includes(stamp) ? [why] : [],
      ),
  }
}

/**
 * @param contacts lower-case GUIDs
 * @param stamps of snapshots that hold any of them
 * @returns the runs of the schema that have any of the contacts in their files, or whose journal can't be read
 */
export function runsKnowing(
  { data, tenant, schemaId }: Subject,
  contacts: ReadonlySet<string>,
  stamps: ReadonlySet<string>,
  clock: Clock,
): readonly string[] {
  return runsIn(data).filter((run) => {
    const folder = join(data, 'runs', run)
    if (!isAbout(folder, tenant, schemaId)) return false
    try {
      using journal = openJournal(join(folder, 'run.db'), clock, 'read')
      // A restore has no list: what it has taken out of a snapshot is a snapshot.
      const listed = [...contacts].some((id) => journal.contacts.has(id))
      return listed || snapshotsNamed(journal).some((name) => stamps.has(name))
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      return error.exit !== EXIT.usage
    }
  })
}

function runsIn(data: string): readonly string[] {
  try {
    return readdirSync(join(data, 'runs')).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

function needOf(run: string, { data, tenant, schemaId }: Subject, clock: Clock): Need | undefined {
  const folder = join(data, 'runs', run)
  const snapshots = join(data, tenant, schemaId)
  const unclear = (what: string): Need => ({
    snapshots: undefined,
    why: `run ${run} may need it: its journal ${what}`,
  })
  const wasTakenUp = existsSync(markFile(snapshots, run))
  try {
    using journal = openJournal(join(folder, 'run.db'), clock, 'read')
    const about = aboutOf(journal)
    if (about === undefined ? !wasTakenUp : about !== `${tenant}/${schemaId}`) return undefined
    if (mayBeOlder(journal, snapshots, run)) return unclear('was put back from an older copy')
    const why = whyNeeded(journal, schemaId)
    return why === undefined ? undefined : { snapshots: snapshotsNamed(journal), why: `run ${run} ${why}` }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    // Where there is no journal, or nothing in it, the run has not begun; unless it was taken up before.
    if (error.exit === EXIT.usage) return wasTakenUp ? unclear('is gone') : undefined
    return isAbout(folder, tenant, schemaId) ? unclear("can't be read") : undefined
  }
}

/** @returns the schema that a run is about; undefined before it was bound to its plan */
function aboutOf({ events }: Pick<Journal, 'events'>): string | undefined {
  const about = events.latest('plan', 'finished')?.detail as JsonObject | undefined
  return about && `${String(about['tenant'])}/${String(about['schemaId'])}`
}
