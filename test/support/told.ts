/** A command in this process: what it answers, shows, and gives to scripts. */
import type { Command } from '../../src/commands/command.ts'
import { Output } from '../../src/commands/output.ts'
import { errorResult, toOperatorError } from '../../src/commands/trouble.ts'
import type { ExitCode } from '../../src/errors.ts'
import { type JsonObject, parseJson } from '../../src/json.ts'
import { TOOL } from './bench.ts'
import { createManualClock } from './clock.ts'

export interface Told {
  readonly exit: ExitCode
  /** What a person is shown, errors too. */
  readonly text: string
  /** The last line that a script is given. */
  readonly json: JsonObject
}

/** @param args as the command line hands them over, defaults of flags that have one included */
export async function tellOf(
  command: Command,
  args: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const clock = createManualClock()
  const [out, err]: [string[], string[]] = [[], []]
  const output = new Output(
    { write: (text) => out.push(text) },
    { write: (text) => err.push(text) },
    clock,
    true,
  )
  const { signal: stop } = new AbortController()
  const defaults = Object.entries(command.flags).map(([name, flag]) => [name, flag.default])
  const told = { ...Object.fromEntries(defaults), ...args }
  const exit = await command
    .run(told, { env, clock, random: () => 0, output, stop, tool: TOOL })
    .catch((error: unknown) => {
      const trouble = toOperatorError(error, stop)
      output.error(trouble)
      output.result({ error: errorResult(trouble) })
      return trouble.exit
    })
  const last = out.join('').trimEnd().split('\n').at(-1) ?? ''
  return { exit, text: err.join(''), json: parseJson(last) as JsonObject }
}
