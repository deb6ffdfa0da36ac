/**
 * A process that carries out command lines as they are sent to it, one after the other.
 * Guarantees: each goes through the very door that a process of its own would take, with its own arguments, folder and
 * environment; it is over when nothing is left that would have kept that process alive; what is thrown and never caught
 * ends this one, too.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { main } from '../../src/cli.ts'

export interface Order {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Carried {
  /** null where a signal has ended the process. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const said = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const) {
  const write = (text: string): true => {
    said[name] += text
    return true
  }
  Object.assign(process[name], { write })
}

process.on('message', async ({ args, cwd, env }: Order) => {
  process.argv.splice(2, Infinity, ...args)
  process.chdir(cwd)
  process.env = { ...env }
  process.exitCode = undefined
  Object.assign(said, { stdout: '', stderr: '' })
  await main()
  do await turn()
  while (isAlive())
  // What the next one registers anew.
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal)
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error')
  process.send?.({ code: Number(process.exitCode ?? 0), ...said } satisfies Carried)
})
process.on('disconnect', () => process.exit())

/** @returns whether there is more to wait for than its own pipes */
function isAlive(): boolean {
  return process.getActiveResourcesInfo().some((each) => each !== 'PipeWrap')
}
