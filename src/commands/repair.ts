/** `repair`: names the orphans of a run, interactions that are in the tenant once too often; with --apply, deletes them. */
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { openJournal } from '../journal/journal.ts'
import { tallyLine } from '../report/terminal.ts'
import { differs } from '../transfer/compare.ts'
import { findOrphans, type Orphan, repairOrphans, type Survey } from '../upgrade/repair.ts'
import { lotOf } from '../upgrade/status.ts'
import { type Command, type Tools, textOf } from './command.ts'
import { type HeldRun, heldRun, holdRun } from './holding.ts'
import { assertTenant } from './open.ts'
import { assertBegun, assertLatestRun, findRun } from './runs.ts'

export const repair: Command = {
  usage: 'repair <run>',
  describe: 'name what is in the tenant once too often; with --apply, delete exactly that',
  positionals: { run: 'id of a run, or path of its plan' },
  flags: { apply: { type: 'boolean', describe: 'delete them, each read again right before' } },
  async run(args, tools) {
    const config = readConfig(args, tools.env, true)
    const run = findRun(textOf(args, 'run') ?? '', config)
    assertTenant(run.plan, config)
    assertBegun(run.folder, run.plan.run)
    const look = async ({ context }: HeldRun): Promise<Survey> => {
      assertLatestRun(config, run.plan, context.journal, tools)
      const survey = await findOrphans(context, lotOf(context.journal))
      name(survey, tools)
      return survey
    }
    if (args['apply'] !== true) {
      using journal = openJournal(join(run.folder, 'run.db'), tools.clock, 'read')
      const { tally, orphans, foreign } = await look(heldRun(run, config, journal, tools))
      if (orphans.length > 0)
        tools.output.say(`Delete exactly these with: engage-migrate repair ${run.plan.run} --apply`)
      tools.output.say(tallyLine(tally))
      tools.output.result({ run: run.plan.run, applied: false, orphans, foreign, tally })
      return exitOf(differs(tally))
    }
    return holdRun(run, config, tools, async (held) => {
      const survey = await look(held)
      const { context, writer } = held
      const tally = await repairOrphans({ ...context, writer }, lotOf(context.journal), survey)
      tools.output.say(tallyLine(tally))
      const { orphans, foreign } = survey
      tools.output.result({ run: run.plan.run, applied: true, orphans, foreign, tally })
      return exitOf(differs(tally))
    })
  },
}

function exitOf(different: boolean): ExitCode {
  return different ? EXIT.differences : EXIT.done
}

function name({ orphans, foreign }: Survey, { output }: Tools): void {
  const line = ({ id, contactId, createdDate }: Orphan): string =>
    `  ${id} of contact ${contactId}, of ${createdDate}`
  if (orphans.length === 0)
    output.say('There are no orphans: nothing that this run has posted is there too often.')
  else {
    output.say('Orphans, posted by this run and there once too often:')
    for (const each of orphans) output.say(line(each))
  }
  if (foreign.length === 0) return
  output.say(
    'There too often as well, but more than this run has posted. Which of them may go is for you to say:',
  )
  for (const each of foreign) output.say(line(each))
}
