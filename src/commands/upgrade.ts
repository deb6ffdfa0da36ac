/** `upgrade`: walks a plan's strategy, from where it was, to the next gate or to the end. */
import { readConfig } from '../config.ts'
import { readContactMap } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { carryOut } from './carrying-out.ts'
import { type Command, textOf } from './command.ts'
import { IDENTITY } from './identity.ts'
import { findRun } from './runs.ts'

export const upgrade: Command = {
  usage: 'upgrade <plan>',
  describe: 'carry out a plan, or go on with a run; stops at each gate',
  positionals: { plan: 'path of a plan, or id of a run' },
  flags: {
    'dry-run': { type: 'boolean', describe: 'export and report only: nothing is changed in the tenant' },
    'roll-back': { type: 'boolean', describe: 'recreate the old schema as it was, with its history' },
    'contact-map': {
      type: 'string',
      describe: 'CSV of contacts that were merged or came back: old contact id, new contact id',
    },
    'retry-refused': {
      type: 'boolean',
      describe:
        'try once more what a run that has ended was refused; automations-paused is signed anew for it',
    },
    identity: IDENTITY,
    'break-lock': {
      type: 'boolean',
      describe: 'take the run from a process that is provably dead (its lock stays on some file servers)',
    },
  },
  run: (args, tools) =>
    carryOut(args, tools, async () => {
      if (args['dry-run'] === true && args['roll-back'] === true) throw contradiction()
      const map = textOf(args, 'contact-map')
      if (args['dry-run'] === true && (map !== undefined || args['retry-refused'] === true))
        throw nothingToRetry()
      // What makes no sense is said before anything of a run is begun.
      if (map !== undefined) await readContactMap(map)
      const config = readConfig(args, tools.env, true)
      return { config, run: findRun(textOf(args, 'plan') ?? '', config) }
    }),
}

function contradiction(): OperatorError {
  return new OperatorError({
    what: '--dry-run and --roll-back do not go together: the way back begins with a signature, not with reading.',
    safe: 'Nothing was changed.',
    next: 'Leave one of them out.',
    exit: EXIT.usage,
  })
}

function nothingToRetry(): OperatorError {
  return new OperatorError({
    what: '--dry-run only reads: it does not go together with --contact-map or --retry-refused.',
    safe: 'Nothing was changed.',
    next: 'Leave one of them out.',
    exit: EXIT.usage,
  })
}
