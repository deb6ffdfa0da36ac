/**
 * What `verify` is asked about: a snapshot, or a run and the snapshot that it stands on.
 * Guarantees: a folder with a manifest is a snapshot, whatever else may be called so; what is none is told with what it could
 * have been. A journal is only read.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type ContactMap, NO_MAP } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { MANIFEST } from '../snapshot/format.ts'
import { localPlace, type Place } from '../snapshot/place.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { contactMapOf } from '../upgrade/contact-map.ts'
import { mayHaveDeleted } from '../upgrade/history.ts'
import { importedResult, isImportMade } from '../upgrade/imported.ts'
import { assertOwn, passResult } from '../upgrade/pass.ts'
import { isDone } from '../upgrade/runner.ts'
import { assertKept } from '../upgrade/unavailable.ts'
import type { Tools } from './command.ts'
import { snapshotsFolder } from './open.ts'
import { assertBegun, findRun } from './runs.ts'
import { snapshotNamed, type Where } from './which-snapshot.ts'

export interface Subject {
  readonly place: Place
  /** The run that imported the snapshot, and its journal, where it is named. */
  readonly run: string | undefined
  /** To be disposed of. */
  readonly journal: Journal | undefined
  /** Contacts that the run knows under another id. */
  readonly map: ContactMap
  /** @throws OperatorError (exit 4) where the run is named, and the snapshot is not the one that it wrote */
  assertRunsOwn(snapshot: Snapshot): void
}

/**
 * @param named what was typed
 * @param where as for `snapshotNamed`
 * @throws OperatorError (exit 2) where it is neither, (exit 4) where the run has no snapshot yet, or none any more
 */
export async function subjectOf(named: string, where: Where, tools: Tools): Promise<Subject> {
  const isRun = existsSync(join(where.config.data, 'runs', named, 'plan.json')) || isFile(named)
  if (isRun && !existsSync(join(named, MANIFEST))) return runOf(named, where.config, tools)
  const place = await snapshotNamed(named, where)
  if ((await place.list()).files.some(({ name }) => name === MANIFEST))
    return { place, run: undefined, journal: undefined, map: NO_MAP, assertRunsOwn: () => {} }
  throw new OperatorError({
    what: `${place.name} is no snapshot (it has no ${MANIFEST}), nor is ${named} a run in ${join(where.config.data, 'runs')}, nor a plan file.`,
    safe: 'Nothing was changed.',
    next: 'engage-migrate snapshots list   (lists the snapshots; engage-migrate status the runs)',
    exit: EXIT.usage,
  })
}

async function runOf(named: string, config: Config, tools: Tools): Promise<Subject> {
  const { plan, folder: runFolder } = findRun(named, config)
  assertBegun(runFolder, plan.run)
  const journal = openJournal(join(runFolder, 'run.db'), tools.clock, 'read')
  const name = isDone(journal, { name: 'final-pass' }) ? 'final-pass' : 'base-pass'
  const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
  if (journal.events.latest(name, 'finished') !== undefined) {
    // Until the deletion, what the tenant holds is what was exported; from then on, what is imported.
    const imports = mayHaveDeleted(journal) && isImportMade(journal)
    const result = imports ? importedResult({ journal }) : passResult({ journal }, name)
    try {
      assertKept({ plan, snapshots }, result.snapshot)
    } catch (error) {
      journal[Symbol.dispose]()
      throw error
    }
    return {
      place: localPlace(join(snapshots, result.snapshot)),
      run: plan.run,
      journal,
      map: contactMapOf({ journal, folder: runFolder }),
      assertRunsOwn: (snapshot) => assertOwn(snapshot, result, plan.run),
    }
  }
  journal[Symbol.dispose]()
  throw new OperatorError({
    what: `Run ${plan.run} has no finished snapshot yet.`,
    safe: 'Nothing was changed.',
    next: `engage-migrate status ${plan.run}`,
    exit: EXIT.precondition,
  })
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
