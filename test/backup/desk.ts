/**
 * `backup` as the command line carries it out, in this process, against a bench.
 * Guarantees: each run is one process's: its own stop, its own output; the list of contacts, the data folder and the time
 * are those of the desk.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backup } from '../../src/commands/backup.ts'
import type { Args } from '../../src/commands/command.ts'
import { Output } from '../../src/commands/output.ts'
import { errorResult, interruption, toOperatorError } from '../../src/commands/trouble.ts'
import type { Json } from '../../src/json.ts'
import { tenantOf } from '../../src/names.ts'
import { DEFAULT_API_KEY } from '../../src/sandbox/app.ts'
import { localPlace, type Place } from '../../src/snapshot/place.ts'
import { BASE_URL, type Bench, TOOL } from '../support/bench.ts'
import { temporaryFolder } from '../support/folder.ts'

export interface Night {
  readonly code: number
  readonly json: Json
  readonly said: string
}

export interface Desk {
  readonly data: string
  readonly tenant: string
  /** Where the snapshots of the bench's schema are. */
  readonly home: Place
  /** Contacts that the list names from now on. */
  list: readonly string[]
  /** Listings of interactions that were sent, by all runs together. */
  reads(): number
  /** @param stopAt listings of interactions after which somebody presses Ctrl-C */
  backUp(args: Args, stopAt?: number): Promise<Night>
  /** @returns the names of folders of unfinished work */
  work(): readonly string[]
}

/** As yargs has them where they are not given. */
const DEFAULTS = { 'full-every': 30, 'second-look': 0, 'may-shrink': 10 }

export async function openDesk(bench: Bench): Promise<Desk> {
  const data = await temporaryFolder()
  const tenant = tenantOf(BASE_URL)
  const file = join(data, 'contacts.csv')
  let reads = 0
  const desk: Desk = {
    ...{ data, tenant, list: bench.contacts, reads: () => reads },
    home: localPlace(data).at(tenant).at(bench.schema.id),
    work() {
      const folder = join(data, 'backups', tenant)
      const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []
      return entries.filter((each) => each.isDirectory()).map(({ name }) => name)
    },
    async backUp(args, stopAt = Number.POSITIVE_INFINITY) {
      writeFileSync(file, `contactId\n${desk.list.join('\n')}\n`)
      const stop = new AbortController()
      const heard = { out: '', said: '' }
      const sink = (name: 'out' | 'said') => ({
        write(text: string) {
          heard[name] += text
        },
      })
      let here = 0
      const tools = {
        env: {
          ENGAGE_BASE_URL: BASE_URL,
          ENGAGE_API_KEY: DEFAULT_API_KEY,
          ENGAGE_MIGRATE_DATA: data,
          // Time moves on by itself for waits that are shorter.
          ENGAGE_MIGRATE_TIMEOUT: '500',
          ENGAGE_MIGRATE_CONCURRENCY: '4',
          ENGAGE_MIGRATE_CHECKPOINT: '5',
        },
        clock: bench.clock,
        random: () => 0,
        network: (request: Request) => {
          if (request.url.includes('/interactions?')) {
            reads += 1
            here += 1
            if (here === stopAt) stop.abort(interruption())
          }
          return bench.sandbox.send(request)
        },
        output: new Output(sink('out'), sink('said'), bench.clock, true),
        stop: stop.signal,
        tool: TOOL,
      }
      try {
        const code = await backup.run({ ...DEFAULTS, contacts: file, ...args }, tools)
        return { code, json: JSON.parse(heard.out) as Json, said: heard.said }
      } catch (thrown) {
        const told = toOperatorError(thrown, stop.signal)
        const error = errorResult(told) as Json
        return { code: told.exit, json: { error }, said: `${heard.said}${JSON.stringify(error)}` }
      }
    },
  }
  return desk
}
