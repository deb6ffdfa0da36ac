/** `status`: where each run is. Opens the journal read-only, so it never disturbs a run at work. */
import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { isHeld } from '../journal/lock.ts'
import { statusLines } from '../report/terminal.ts'
import { type RunStatus, statusOf } from '../upgrade/status.ts'
import { type Command, type Tools, textOf } from './command.ts'
import { assertBegun, begunRuns, findRun } from './runs.ts'

export const status: Command = {
  usage: 'status [run]',
  describe: 'where a run is, what it waits for, how far it is; all runs where none is named',
  positionals: { run: 'id of a run, or path of its plan' },
  flags: {},
  settings: ['data'],
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const named = textOf(args, 'run')
    if (named === undefined) {
      const runs = begunRuns(config)
      if (runs.length === 0) tools.output.say(`There are no runs in ${join(config.data, 'runs')}.`)
      const all = runs.flatMap((run) => readable(run, config, tools))
      for (const { run, state, gate } of all) {
        tools.output.say(`${run}: ${state}${gate === null ? '' : ` at ${gate}`}`)
      }
      tools.output.result({ runs: all })
      return EXIT.done
    }
    const found = read(named, config, tools)
    for (const line of statusLines(found)) tools.output.say(line)
    tools.output.result(found)
    return EXIT.done
  },
}

/** One run that can't be read must not hide the others. */
function readable(run: string, config: Config, tools: Tools): readonly RunStatus[] {
  try {
    return [read(run, config, tools)]
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    tools.output.say(`${run}: can't be read: ${error.message}`)
    return []
  }
}

function read(named: string, config: Config, tools: Tools): RunStatus {
  const { plan, folder } = findRun(named, config)
  assertBegun(folder, plan.run)
  using journal = openJournal(join(folder, 'run.db'), tools.clock, 'read')
  return statusOf(plan, journal, isHeld(join(folder, 'lock')))
}
