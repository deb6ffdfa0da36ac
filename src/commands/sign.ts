/** `sign`: a named person passes a gate. Needs no connection to the tenant. */
import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { acquireLock } from '../journal/lock.ts'
import type { JsonObject } from '../json.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import type { Approval } from '../upgrade/approval.ts'
import { usesHistory } from '../upgrade/history.ts'
import { importedFolder } from '../upgrade/imported.ts'
import { passFolder } from '../upgrade/pass.ts'
import { flagsOf, GATES, NAME_HERE, type Signed, signGate } from '../upgrade/signature.ts'
import { openGate, type RunStatus, statusOf } from '../upgrade/status.ts'
import { type Args, amountOf, type Command, textOf } from './command.ts'
import { snapshotsFolder } from './open.ts'
import { refreshAfter, reportIn } from './report-file.ts'
import { assertBegun, findRun, type OpenedRun } from './runs.ts'

export const sign: Command = {
  usage: 'sign <run> <gate>',
  describe: 'sign a gate that a run waits at',
  positionals: { run: 'id of the run, or path of its plan', gate: `name of the gate: ${GATES.join(', ')}` },
  flags: {
    by: { type: 'string', describe: 'who signs: a name', demand: true },
    note: { type: 'string', describe: 'what was done, e.g. which automations were paused' },
    confirm: { type: 'string', describe: 'the id of the schema, where the gate asks for it' },
    'accept-coverage': {
      type: 'boolean',
      describe: 'go on although not every contact is known to be in the list',
    },
    'accept-no-preflight': {
      type: 'boolean',
      describe: 'go on although the new schema could not be tried out',
    },
    'accept-loss': {
      type: 'number',
      describe: 'how many interactions need not come back, where the gate asks for it',
    },
  },
  settings: ['data'],
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const found = findRun(textOf(args, 'run') ?? '', config)
    const { plan, digest, folder } = found
    const by = textOf(args, 'by')?.trim() ?? ''
    if (by === '') {
      throw new OperatorError({
        what: 'A signature needs a name.',
        safe: 'Nothing was signed.',
        next: 'Give it with --by "YOUR NAME".',
        exit: EXIT.usage,
      })
    }
    assertBegun(folder, plan.run)
    using _lock = acquireLock(join(folder, 'lock'), `run ${plan.run}`, tools.clock)
    using journal = openJournal(join(folder, 'run.db'), tools.clock)
    const gate = textOf(args, 'gate') ?? ''
    const on = await liesThere(gate, journal, found, config)
    const signed = signGate(journal, plan, gate, {
      by,
      note: textOf(args, 'note') ?? '',
      confirm: textOf(args, 'confirm') ?? null,
      acceptCoverage: args['accept-coverage'] === true,
      acceptNoPreflight: args['accept-no-preflight'] === true,
      acceptLoss: lossIn(args),
      planDigest: digest,
      ...(on && { on }),
    })
    if (signed !== 'before')
      await refreshAfter({ folder, plan, journal, clock: tools.clock }, (text) => tools.output.say(text))
    for (const line of signedLines(signed, gate, by, statusOf(plan, journal, false))) tools.output.say(line)
    if (signed === 'before' && textOf(args, 'note') !== undefined) {
      tools.output.say(
        'Your note was NOT taken: a signature is never changed. Put it on record with --note at the next gate that you sign.',
      )
    }
    tools.output.result({
      run: plan.run,
      gate,
      signed: signed !== 'first',
      by: signerOf(journal, gate) ?? by,
    })
    return EXIT.done
  },
}

const OUTCOME: Readonly<Record<Signed, (gate: string, by: string) => string>> = {
  signed: (gate, by) => `Signed: ${gate}, by ${by}. Next:`,
  first: (gate, by) => `Signed first: ${gate}, by ${by}. Somebody else has to sign as well:`,
  before: (gate) => `The gate ${gate} was signed before; nothing was changed. Next:`,
}

function signedLines(
  signed: Signed,
  gate: string,
  by: string,
  { run, request }: Pick<RunStatus, 'run' | 'request'>,
): readonly string[] {
  const again = `sign ${run} ${gate} --by "${NAME_HERE}" ${flagsOf(request?.needs ?? [])}`
  return [OUTCOME[signed](gate, by), `  engage-migrate ${signed === 'first' ? again : `upgrade ${run}`}`]
}

/** A gate that was signed before was signed by somebody else, perhaps. */
function signerOf({ events }: Journal, gate: string): string | undefined {
  const signature = events.latest(gate, 'signed')?.detail as JsonObject | undefined
  return signature === undefined ? undefined : String(signature['by'])
}

/** What a signature for the deletion is on is read from the disk now: it is that which was read, or should have been. */
async function liesThere(
  gate: string,
  journal: Journal,
  { plan, digest, folder }: OpenedRun,
  config: Config,
): Promise<Approval | undefined> {
  if (gate !== 'delete-schema' || openGate(journal) !== gate) return undefined
  const snapshots = snapshotsFolder(config, plan.tenant, plan.schemaId)
  const digestOf = async (at: string): Promise<string> => (await openSnapshot(at)).manifestDigest
  return {
    plan: digest,
    snapshot: await digestOf(passFolder({ journal, snapshots }, 'final-pass')),
    imported: usesHistory(journal) ? await digestOf(importedFolder({ journal, snapshots })) : null,
    report: reportIn({ folder, journal })?.digest ?? null,
  }
}

/** @throws OperatorError (exit 2) for what is no number */
function lossIn(args: Args): number | null {
  return args['accept-loss'] === undefined ? null : amountOf(args, 'accept-loss')
}
