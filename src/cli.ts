/**
 * argv → command → exit code; signals.
 * Guarantees: nothing else reads argv or ends the process; an error is shown without a stack unless `--debug` asks
 * for it; the first SIGINT or SIGTERM lets what is in flight finish, the second leaves at once, and each says so.
 */
import { readFileSync } from 'node:fs'
import yargs, { type Argv } from 'yargs'
import { systemClock } from './clock.ts'
import type { Args, Command, Tools } from './commands/command.ts'
import { Output } from './commands/output.ts'
import { errorResult, interruption, toOperatorError } from './commands/trouble.ts'
import { SETTINGS } from './config.ts'
import { EXIT, EXIT_MEANINGS, type ExitCode, OperatorError } from './errors.ts'

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command | readonly Command[]>>> = {
  plan: async () => (await import('./commands/plan.ts')).plan,
  upgrade: async () => (await import('./commands/upgrade.ts')).upgrade,
  restore: async () => (await import('./commands/restore.ts')).restore,
  sign: async () => (await import('./commands/sign.ts')).sign,
  status: async () => (await import('./commands/status.ts')).status,
  report: async () => (await import('./commands/report.ts')).report,
  audit: async () => (await import('./commands/audit.ts')).audit,
  verify: async () => (await import('./commands/verify.ts')).verify,
  repair: async () => (await import('./commands/repair.ts')).repair,
  backup: async () => (await import('./commands/backup.ts')).backup,
  schema: async () => (await import('./commands/schema.ts')).schema,
  snapshots: async () => (await import('./commands/snapshots.ts')).snapshots,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandbox,
  demo: async () => (await import('./commands/demo.ts')).demo,
}

/** Runs the command line of this process and sets its exit code. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2)
  const controller = new AbortController()
  const output = new Output(
    process.stdout,
    process.stderr,
    systemClock,
    wantsJson(argv),
    program(),
    wantsLog(argv),
  )
  // Whoever reads what we say may leave early (`| head`): the work goes on, unheard.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        output.interruption('Stopped at once, which is as safe as a kill. Run the same command again.')
        process.exit(EXIT.interrupted)
      }
      output.interruption('Stopping once what is under way has ended. Ctrl-C once more stops at once.')
      controller.abort(interruption())
    })
  }
  process.exitCode = await run(argv, {
    env: process.env,
    clock: systemClock,
    random: Math.random,
    output,
    stop: controller.signal,
    tool: toolOf(),
  })
}

/** @returns the command that comes first, all where none does: to load what the others need takes longer than a short one */
async function commandsIn(argv: readonly string[]): Promise<readonly Command[]> {
  const all = Object.entries(COMMANDS)
  const named = all.filter(([verb]) => verb === argv[0])
  return (await Promise.all((named.length > 0 ? named : all).map(([, load]) => load()))).flat()
}

/** What a group of commands is for, as the help has it. */
const GROUPS: Readonly<Record<string, string>> = {
  schema: 'list, show, check and compare interaction schemas',
  snapshots: 'list, show, compare and look after snapshots',
}

/** Known before anything else, since even a wrong use is answered in this form. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.includes('--json') || argv.includes('--json=true')
}

/** Known before anything else, as `wantsJson`. */
function wantsLog(argv: readonly string[]): 'text' | 'ndjson' {
  const named = argv.some((each, at) => each === '--log-format' && argv[at + 1] === 'ndjson')
  return named || argv.includes('--log-format=ndjson') ? 'ndjson' : 'text'
}

/** @returns what a person types to call this program: in a clone that is a script of npm's */
function program(): string {
  return process.env['npm_lifecycle_event'] === 'engage-migrate'
    ? 'npm run -s engage-migrate --'
    : 'engage-migrate'
}

/** @returns the exit code of one command line; everything that it throws has been shown by then */
async function run(argv: readonly string[], tools: Tools): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done
  const debug = argv.includes('--debug')
  const commands = await commandsIn(argv)
  const asked = commands.find((each) => wordsOf(each).every((word, index) => word === argv[index]))
  const parser = yargs()
    .scriptName('engage-migrate')
    .usage('$0 <command>: upgrade the interaction schemas of a Voyado Engage tenant, with all their history')
    .version(tools.tool.version)
    .strict()
    .demandCommand(1, 'Name a command.')
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(Math.min(100, process.stdout.columns || 100))
    .epilogue(
      `Exit codes:\n${EXIT_MEANINGS.map(([code, text]) => `  ${String(code).padStart(3)}  ${text}`).join('\n')}`,
    )
    .fail((message, error) => {
      throw error ?? usage(message, asked)
    })
  const add = (to: Argv, command: Command): void => {
    to.command(
      command.usage,
      command.describe,
      (builder) => declare(builder, command),
      async (args) => {
        exit = await command.run(args as Args, tools)
      },
    )
  }
  for (const [group, members] of Map.groupBy(commands, (command) => command.group)) {
    if (group === undefined) for (const command of members) add(parser, command)
    else {
      parser.command(group, GROUPS[group] ?? '', (to) => {
        for (const command of members) add(to, command)
        return to.demandCommand(1, `Name what to do: engage-migrate ${group} --help lists it.`)
      })
    }
  }
  try {
    await parser.parseAsync([...argv])
    return exit
  } catch (error) {
    return tell(error, tools, debug, asked)
  }
}

function declare(to: Argv, command: Command): Argv {
  for (const [name, describe] of Object.entries(command.positionals))
    to.positional(name, { type: 'string', describe })
  for (const [name, { demand, ...flag }] of Object.entries(command.flags)) {
    to.option(name, { group: 'Options:', ...flag, ...(demand ? { demandOption: true } : {}) } as object)
  }
  if (command.settings?.length !== 0) declareSettings(to, command)
  if (command.epilogue !== undefined) to.epilogue(command.epilogue)
  return to
    .option('json', {
      type: 'boolean',
      group: 'Settings:',
      describe: 'one JSON object as the last line on standard output',
    })
    .option('log-format', {
      choices: ['text', 'ndjson'],
      group: 'Settings:',
      describe: 'ndjson: all that is said, as one JSON object a line on standard error',
    })
    .option('debug', { type: 'boolean', group: 'Settings:', describe: 'show the stack of an error' })
}

/** A setting that the command does not use is taken all the same, so that a script can give all the same ones. */
function declareSettings(to: Argv, { settings }: Command): void {
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const fallback = 'fallback' in setting ? ` [${setting.fallback}]` : ''
    to.option(setting.flag, {
      type: 'string',
      group: 'Settings:',
      describe: `${setting.help} (${setting.env})${fallback}`,
      hidden: settings !== undefined && !settings.some((each) => each === name),
    })
  }
  to.option('config', {
    type: 'string',
    group: 'Settings:',
    describe: 'JSON file of these settings (ENGAGE_MIGRATE_CONFIG)',
  })
}

function tell(
  error: unknown,
  { output, stop }: Tools,
  debug: boolean,
  command: Command | undefined,
): ExitCode {
  const told = asOf(command, toOperatorError(error, stop))
  output.error(told)
  if (debug && error instanceof Error) output.say(String(error.stack))
  output.result({ error: errorResult(told) })
  return told.exit
}

/** What is safe after an interruption depends on what was interrupted. */
function asOf(command: Command | undefined, told: OperatorError): OperatorError {
  if (told.exit !== EXIT.interrupted || command?.interrupted === undefined) return told
  const { message: what, exit } = told
  return new OperatorError({ what, safe: command.interrupted, next: 'Run the same command again.', exit })
}

/** @returns what is typed to name a command: one word, or its group's and its own */
function wordsOf({ group, usage: words }: Command): readonly string[] {
  return [...(group === undefined ? [] : [group]), words.split(' ')[0] ?? '']
}

function usage(message: string, known: Command | undefined): OperatorError {
  const given = /^Not enough non-option arguments: got (\d+)/.exec(message)?.[1]
  return new OperatorError({
    what: given !== undefined && known !== undefined ? lacking(known, Number(given)) : message,
    safe: 'Nothing was changed.',
    next: known === undefined ? 'engage-migrate --help' : `engage-migrate ${wordsOf(known).join(' ')} --help`,
    exit: EXIT.usage,
  })
}

/** @param given how many arguments there were, flags not counted */
function lacking({ group, usage: words, positionals }: Command, given: number): string {
  const missing = Array.from(words.matchAll(/<(\w+)(?:\.\.)?>/g), ([, name = '']) => name).slice(given)
  const named = missing.map((name) => `<${name}> (${positionals[name] ?? ''})`)
  return `It takes more than that: engage-migrate ${group === undefined ? '' : `${group} `}${words}. Missing: ${named.join(', ')}.`
}

/** Name and version, from the package that this file is in: the sources and what is built of them alike. */
function toolOf(): Tools['tool'] {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return { name, version }
}
