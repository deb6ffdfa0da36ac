/** `sign`: a named person passes a gate. Needs no connection to the tenant. */
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { acquireLock } from '../journal/lock.ts'
import { GATES, signGate } from '../upgrade/signature.ts'
import { type Args, amountOf, type Command, textOf } from './command.ts'
import { assertBegun, findRun } from './runs.ts'

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
    const { plan, digest, folder } = findRun(textOf(args, 'run') ?? '', config)
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
    const signed = signGate(journal, plan, gate, {
      by,
      note: textOf(args, 'note') ?? '',
      confirm: textOf(args, 'confirm') ?? null,
      acceptCoverage: args['accept-coverage'] === true,
      acceptNoPreflight: args['accept-no-preflight'] === true,
      acceptLoss: lossIn(args),
      planDigest: digest,
    })
    tools.output.say(
      signed
        ? `Signed: ${gate}, by ${by}. Next:`
        : `The gate ${gate} was signed before; nothing was changed. Next:`,
    )
    tools.output.say(`  engage-migrate upgrade ${plan.run}`)
    if (!signed && textOf(args, 'note') !== undefined) {
      tools.output.say(
        'Your note was NOT taken: a signature is never changed. Put it on record with --note at the next gate that you sign.',
      )
    }
    tools.output.result({ run: plan.run, gate, signed: true, by })
    return EXIT.done
  },
}

/** @throws OperatorError (exit 2) for what is no number */
function lossIn(args: Args): number | null {
  return args['accept-loss'] === undefined ? null : amountOf(args, 'accept-loss')
}
