/** `sandbox`: serves a stand-in for Engage on this machine, to rehearse on. */
import { writeFileSync } from 'node:fs'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { createSandbox, DEFAULT_API_KEY, type Sandbox, type SandboxOptions } from '../sandbox/app.ts'
import type { FaultRule } from '../sandbox/faults.ts'
import { FORMS, ILLEGAL_FORMS, type Keeps } from '../sandbox/forms.ts'
import { SANDBOX_HELP } from '../sandbox/help.ts'
import { seedTenant } from '../sandbox/seed.ts'
import { type Served, serve } from '../sandbox/server.ts'
import { type Args, amountOf, type Command, type Tools, textOf } from './command.ts'

export const sandbox: Command = {
  usage: 'sandbox',
  describe: 'serve a stand-in for Engage on this machine, to rehearse on',
  positionals: {},
  flags: {
    port: { type: 'number', default: 8080, describe: 'port; 0 picks a free one' },
    state: { type: 'string', describe: 'file that keeps the tenant across restarts' },
    seed: {
      type: 'number',
      describe:
        'the same seed gives the same tenant, and the same ids to what is posted [without it: the tenant of 1, ids by chance]',
    },
    contacts: { type: 'number', default: 1000, describe: 'contacts of a new tenant' },
    interactions: { type: 'number', default: 2, describe: 'interactions a contact and schema, on average' },
    schemas: { type: 'string', describe: 'ids of the schemas of a new tenant, comma-separated [all eight]' },
    'contacts-file': { type: 'string', describe: 'write the ids of all contacts to this CSV file' },
    latency: { type: 'number', default: 0, describe: 'milliseconds before an answer' },
    lag: { type: 'number', default: 0, describe: 'milliseconds until a new interaction is visible' },
    'schema-gone-lag': {
      type: 'number',
      default: 0,
      describe: 'milliseconds until a deleted schema is no longer shown',
    },
    'deletion-lag': {
      type: 'number',
      default: 0,
      describe: "milliseconds until a deleted schema's interactions are no longer shown",
    },
    pages: {
      type: 'string',
      choices: ['stable', 'shifting'],
      default: 'stable',
      describe: 'whether what comes and goes meanwhile shifts the next pages',
    },
    'rate-limit': { type: 'number', default: 200, describe: 'requests a second before 429' },
    keeps: {
      type: 'string',
      choices: FORMS,
      default: 'as-is',
      describe: `form in which records are kept; all but ${ILLEGAL_FORMS.join(', ')} say the same`,
    },
    invalid: {
      type: 'string',
      choices: ['refuse', 'ignore'],
      default: 'refuse',
      describe: 'what happens to an interaction that breaks the schema',
    },
    fault: {
      type: 'string',
      array: true,
      describe: 'a fault as JSON (see below), e.g. {"kind":"timeout-after","method":"POST","skip":10}',
    },
  },
  settings: [],
  epilogue: SANDBOX_HELP,
  async run(args, tools) {
    const port = amountOf(args, 'port')
    const server = open(args, tools)
    const { url, close } = await listen(server, port)
    const file = textOf(args, 'contacts-file')
    if (file !== undefined) {
      writeFileSync(file, `contactId\n${Array.from(server.tenant.contacts(), ({ id }) => id).join('\n')}\n`)
    }
    tools.output.say(`The sandbox answers at ${url} with the key ${DEFAULT_API_KEY}. Stop it with Ctrl-C.`)
    tools.output.say(`What it has seen: ${url}/sandbox/stats`)
    if (textOf(args, 'state') === undefined)
      tools.output.say('The tenant is gone when it ends: --state FILE keeps it.')
    tools.output.result({ url, apiKey: DEFAULT_API_KEY, pid: process.pid })
    await new Promise<void>((resolve) => {
      if (tools.stop.aborted) resolve()
      tools.stop.addEventListener('abort', () => resolve(), { once: true })
    })
    await close()
    server.close()
    return EXIT.done
  },
}

async function listen(server: Sandbox, port: number): Promise<Served> {
  try {
    return await serve(server, { port })
  } catch (error) {
    server.close()
    throw new OperatorError({
      what: `The sandbox can't listen on port ${port}: ${codeOf(error) ?? messageOf(error)}.`,
      next: 'Choose another with --port; 0 picks a free one.',
      exit: EXIT.usage,
      cause: error,
    })
  }
}

function open(args: Args, tools: Pick<Tools, 'random'>): Sandbox {
  try {
    return createSandbox(optionsOf(args, tools))
  } catch (error) {
    throw new OperatorError({
      what: `The sandbox can't be started so: ${messageOf(error)}.`,
      next: 'engage-migrate sandbox --help',
      exit: EXIT.usage,
      cause: error,
    })
  }
}

function optionsOf(args: Args, { random }: Pick<Tools, 'random'>): SandboxOptions {
  const number = (name: string): number => amountOf(args, name)
  const seeded = args['seed'] !== undefined
  const seed = seeded ? number('seed') : 1
  const state = textOf(args, 'state')
  const schemas = textOf(args, 'schemas')?.split(',')
  const faults = listed(args['fault']).map((text) => parseJson(text) as unknown as FaultRule)
  return {
    seed,
    // No two tenants give the same ids: what is restored from one into another must not meet its own there.
    ...(!seeded && { idSeed: `${random()} ${random()}` }),
    latency: number('latency'),
    lag: number('lag'),
    schemaGoneLag: number('schema-gone-lag'),
    deletionLag: number('deletion-lag'),
    pages: args['pages'] as 'stable' | 'shifting',
    limit: number('rate-limit'),
    keeps: args['keeps'] as Keeps,
    invalid: args['invalid'] as 'refuse' | 'ignore',
    faults,
    ...(state === undefined ? {} : { stateFile: state }),
    tenant: () =>
      seedTenant({
        seed,
        contacts: number('contacts'),
        interactions: number('interactions'),
        ...(schemas === undefined ? {} : { schemas }),
      }),
  }
}

function listed(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
