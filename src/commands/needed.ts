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
import { hasEnded, holdsHistory } from '../upgrade/status.ts'
import { isAbout } from './runs.ts'
import { markFile, mayBeOlder } from './taking-up.ts'

export interface Needs {
  /** @returns why runs can't do without a snapshot, each run named; none where none needs it */
  of(stamp: string): readonly string[]
  /** As `of`, of runs that have not ended, or of which that can't be told. */
  underWay(stamp: string): readonly string[]
}

/** One run's. */
interface Need {
  /** Names of snapshots; undefined where it may be any. */
  readonly snapshots: readonly string[] | undefined
  readonly why: string
  readonly ended: boolean
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
  const whyOf = (stamp: string, those: readonly Need[]): readonly string[] =>
    those.flatMap(({ snapshots, why }) => (snapshots === undefined || snapshots.includes(stamp) ? [why] : []))
  const open = needs.filter(({ ended }) => !ended)
  return { of: (stamp) => whyOf(stamp, needs), underWay: (stamp) => whyOf(stamp, open) }
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
    ended: false,
    why: `run ${run} may need it: its journal ${what}`,
  })
  const wasTakenUp = existsSync(markFile(snapshots, run))
  try {
    using journal = openJournal(join(folder, 'run.db'), clock, 'read')
    const about = aboutOf(journal)
    if (about === undefined ? !wasTakenUp : about !== `${tenant}/${schemaId}`) return undefined
    if (mayBeOlder(journal, snapshots, run)) return unclear('was put back from an older copy')
    const why = whyNeeded(journal, schemaId)
    if (why === undefined) return undefined
    const ended = hasEnded(journal) && !holdsHistory(journal)
    return { snapshots: snapshotsNamed(journal), why: `run ${run} ${why}`, ended }
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
