/**
 * Holds a run, to work on it.
 * Guarantees: while it is held no other process works on the run, nor on its schema in that tenant; it goes on only with
 * the plan that it began with, while no other run holds the schema's history, and knowing whether its journal is the one
 * that it had.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { createWriter } from '../engage/client.ts'
import type { EngageWriter } from '../engage/types.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { acquireLock, isHeld } from '../journal/lock.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import type { Tools } from './command.ts'
import { freeSpace, openConnection, snapshotsFolder } from './open.ts'
import { voidWhereRestored } from './overtaking.ts'
import { assertNoOtherRun, bindToPlan, keepPlan, type OpenedRun } from './runs.ts'
import { takeUp } from './taking-up.ts'

/** A run to work on. */
export interface HeldRun {
  readonly context: ReadContext
  readonly writer: EngageWriter
}

/**
 * Holds a run while `work` goes on; its folder and journal are made where it has not begun.
 * @param breakLock whether to take the run from a process that is provably dead
 * @throws OperatorError (exit 6) where another process has it, (exit 4) where it must not go on; what `work` throws
 */
export async function holdRun<T>(
  run: OpenedRun,
  config: Config,
  tools: Tools,
  work: (held: HeldRun) => Promise<T>,
  breakLock = false,
): Promise<T> {
  const { plan, folder } = run
  const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
  using _schema = acquireLock(
    join(snapshots, 'lock'),
    // Whoever works on this very run holds both locks: then it is the run that is to be named.
    isHeld(join(folder, 'lock')) ? `run ${plan.run}` : `schema ${plan.schemaId} of ${plan.tenant}`,
    tools.clock,
    breakLock,
  )
  using _run = acquireLock(join(folder, 'lock'), `run ${plan.run}`, tools.clock, breakLock)
  assertNoOtherRun(config, plan, tools)
  await keepPlan(run)
  using journal = openJournal(join(folder, 'run.db'), tools.clock)
  const held = heldRun(run, config, journal, tools)
  await takeUp(held.context)
  bindToPlan(journal, run)
  voidWhereRestored(held.context, config, tools)
  return await work(held)
}

/** @param journal of the run; open for reading only where nothing is to be written */
export function heldRun(run: OpenedRun, config: Config, journal: Journal, tools: Tools): HeldRun {
  const connection = openConnection(config, tools)
  const context: ReadContext = {
    plan: run.plan,
    planDigest: run.digest,
    folder: run.folder,
    snapshots: snapshotsFolder(config, run.plan.tenant, run.plan.schemaId),
    journal,
    reader: connection.reader,
    clock: tools.clock,
    settings: { ...config, ratePerSecond: config.rate },
    tool: tools.tool,
    stop: tools.stop,
    freeSpace,
    progress: (report) => tools.output.progress(report),
    say: (text) => {
      tools.output.say(text)
      log(run.folder, tools, text)
    },
  }
  return { context, writer: createWriter(connection) }
}

/** Keeps a line for readers of the run's folder. */
export function log(folder: string, { clock }: Pick<Tools, 'clock'>, text: string): void {
  const line = JSON.stringify({ at: new Date(clock.now()).toISOString(), text })
  try {
    appendFileSync(join(folder, 'log.ndjson'), `${line}\n`, { mode: 0o600 })
  } catch {
    // The log is for readers; the journal is what the run rests on, and it says when it can't be written.
  }
}
