/**
 * Settings: from flags, the environment, a file and defaults, in this order, parsed once.
 * Guarantees: what is empty counts as not set; every problem is reported together with the others; the result is
 * frozen; the API key comes from the environment or from a file of its own, never from an argument.
 */
import { readFileSync } from 'node:fs'
import { codeOf, EXIT, messageOf, OperatorError } from './errors.ts'
import { isObject, parseJson } from './json.ts'

export interface Config {
  readonly baseUrl: string | undefined
  readonly apiKey: string | undefined
  readonly apiVersion: 'v2' | 'v3'
  /** Folder of snapshots and runs. */
  readonly data: string
  /** Requests per second, of all kinds together. */
  readonly rate: number
  readonly concurrency: number
  readonly timeoutMs: number
  readonly settleMs: number
  readonly visibleWithinMs: number
  /** Refusals that an import puts up with, in percent. */
  readonly refusedAtMost: number
  readonly contactsPerPart: number
  readonly compression: 'zstd' | 'gzip'
  /** Contacts that are read once more just before a deletion. */
  readonly driftSample: number
  /** By how many the tenant's contacts may have grown by then, unaccounted for. */
  readonly driftContacts: number
  /** Path of the organisation's policy for deletions. */
  readonly policy: string | undefined
}

interface Setting {
  readonly flag: string
  readonly env: string
  readonly help: string
  readonly fallback?: string
  /** @returns the value @throws Error that says what it should be */
  parse(text: string): unknown
}

/** Where each setting comes from; `--help` and the README's table are made of this. */
export const SETTINGS = {
  baseUrl: {
    flag: 'base-url',
    env: 'ENGAGE_BASE_URL',
    help: 'address of the tenant, e.g. https://acme.staging.voyado.com',
    parse: (text) => text,
  },
  apiKeyFile: {
    flag: 'api-key-file',
    env: 'ENGAGE_API_KEY_FILE',
    help: 'file that holds the API key (or set ENGAGE_API_KEY)',
    parse: (text) => text,
  },
  apiVersion: {
    flag: 'api-version',
    env: 'ENGAGE_API_VERSION',
    help: 'v3 or v2',
    fallback: 'v3',
    parse: oneOf('v3', 'v2'),
  },
  data: {
    flag: 'data',
    env: 'ENGAGE_MIGRATE_DATA',
    help: 'folder of snapshots and runs',
    fallback: './snapshots',
    parse: folderHere,
  },
  rate: {
    flag: 'rate',
    env: 'ENGAGE_MIGRATE_RATE',
    help: 'requests a second, at most 190',
    fallback: '50',
    parse: within(0.1, 190),
  },
  concurrency: {
    flag: 'concurrency',
    env: 'ENGAGE_MIGRATE_CONCURRENCY',
    help: 'requests under way at once',
    fallback: '64',
    parse: whole(1, 500),
  },
  timeoutMs: {
    flag: 'timeout',
    env: 'ENGAGE_MIGRATE_TIMEOUT',
    help: 'seconds to wait for an answer',
    fallback: '100',
    parse: seconds(1, 3_600),
  },
  settleMs: {
    flag: 'settle',
    env: 'ENGAGE_MIGRATE_SETTLE',
    help: 'seconds to wait before asking what became of a lost answer',
    fallback: '10',
    parse: seconds(0, 3_600),
  },
  visibleWithinMs: {
    flag: 'visible-within',
    env: 'ENGAGE_MIGRATE_VISIBLE_WITHIN',
    help: 'seconds until a change must be visible',
    fallback: '120',
    parse: seconds(1, 3_600),
  },
  refusedAtMost: {
    flag: 'refused-at-most',
    env: 'ENGAGE_MIGRATE_REFUSED_AT_MOST',
    help: 'percent of interactions refused, or of contacts gone, at which an import stops; 100 never does',
    fallback: '5',
    parse: within(0, 100),
  },
  contactsPerPart: {
    flag: 'checkpoint',
    env: 'ENGAGE_MIGRATE_CHECKPOINT',
    help: 'contacts between two checkpoints of an export',
    fallback: '1000',
    parse: whole(1, 100_000),
  },
  compression: {
    flag: 'compression',
    env: 'ENGAGE_MIGRATE_COMPRESSION',
    help: 'zstd or gzip',
    fallback: 'zstd',
    parse: oneOf('zstd', 'gzip'),
  },
  driftSample: {
    flag: 'drift-sample',
    env: 'ENGAGE_MIGRATE_DRIFT_SAMPLE',
    help: 'contacts that are read once more just before a deletion',
    fallback: '200',
    parse: whole(1, 10_000),
  },
  driftContacts: {
    flag: 'drift-contacts',
    env: 'ENGAGE_MIGRATE_DRIFT_CONTACTS',
    help: 'contacts by which the tenant may grow, unaccounted for, between approval and deletion',
    fallback: '0',
    parse: whole(0, 100_000_000),
  },
  policy: {
    flag: 'policy',
    env: 'ENGAGE_MIGRATE_POLICY',
    help: "JSON file with the organisation's own bounds for deletions",
    parse: (text) => text,
  },
} as const satisfies { readonly [name: string]: Setting }

type Name = keyof typeof SETTINGS

/**
 * @param flags values of the command line, by flag name
 * @param env the environment
 * @param needsEngage whether a base URL and a key must be there
 * @throws OperatorError (exit 2) with all problems together
 */
export function readConfig(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  needsEngage: boolean,
): Config {
  const problems: string[] = []
  const file = readFile(text(flags['config']) ?? text(env['ENGAGE_MIGRATE_CONFIG']), problems)
  const values = new Map<Name, unknown>()
  for (const [name, setting] of Object.entries(SETTINGS) as [Name, Setting][]) {
    const source =
      text(flags[setting.flag]) ?? text(env[setting.env]) ?? text(file[setting.flag]) ?? setting.fallback
    if (source === undefined) continue
    try {
      values.set(name, setting.parse(source))
    } catch (error) {
      problems.push(`--${setting.flag} (${setting.env}) ${messageOf(error)}; it is ${JSON.stringify(source)}`)
    }
  }
  const apiKey = readKey(env['ENGAGE_API_KEY'], values.get('apiKeyFile') as string | undefined, problems)
  if (needsEngage && values.get('baseUrl') === undefined) {
    problems.push('the tenant is not named: set ENGAGE_BASE_URL or --base-url')
  }
  if (needsEngage && apiKey === undefined && !problems.some((each) => each.includes('key file'))) {
    problems.push('there is no API key: set ENGAGE_API_KEY, or ENGAGE_API_KEY_FILE to a file that holds it')
  }
  if (problems.length > 0) {
    throw new OperatorError({
      what: `The settings can't be used: ${problems.join('; ')}.`,
      safe: 'Nothing was sent or changed.',
      next: 'Mend them and run the same command again.',
      exit: EXIT.usage,
    })
  }
  values.delete('apiKeyFile')
  return Object.freeze({
    baseUrl: undefined,
    policy: undefined,
    ...Object.fromEntries(values),
    apiKey,
  }) as unknown as Config
}

function readFile(path: string | undefined, problems: string[]): Readonly<Record<string, string>> {
  if (path === undefined) return {}
  try {
    const value = parseJson(readFileSync(path, 'utf8'))
    if (!isObject(value)) throw new Error('it is not a JSON object')
    const known = new Set<string>(Object.values(SETTINGS).map(({ flag }) => flag))
    for (const key of Object.keys(value)) {
      if (!known.has(key))
        problems.push(`the settings file ${path} has an unknown setting ${JSON.stringify(key)}`)
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, String(each)]))
  } catch (error) {
    problems.push(`the settings file ${path} can't be read: ${codeOf(error) ?? messageOf(error)}`)
    return {}
  }
}

function readKey(
  fromEnv: string | undefined,
  file: string | undefined,
  problems: string[],
): string | undefined {
  if (fromEnv !== undefined && fromEnv.trim() !== '') return fromEnv.trim()
  if (file === undefined) return undefined
  try {
    const key = readFileSync(file, 'utf8').trim()
    if (key === '') problems.push(`the key file ${file} is empty`)
    return key
  } catch (error) {
    problems.push(`the key file ${file} can't be read: ${codeOf(error) ?? messageOf(error)}`)
    return undefined
  }
}

/** What is empty counts as not set, wherever it comes from: a script's variable that has nothing in it. */
function text(value: unknown): string | undefined {
  if (Array.isArray(value)) return text(value.at(-1))
  return value === undefined || String(value).trim() === '' ? undefined : String(value)
}

/** Journals and locks are files of this machine; a folder of that name would be made without a word. */
function folderHere(value: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value))
    throw new Error('must be a folder on this machine (a backup goes elsewhere by its --to)')
  return value
}

function oneOf(...choices: readonly string[]) {
  return (value: string): string => {
    if (!choices.includes(value)) throw new Error(`must be ${choices.join(' or ')}`)
    return value
  }
}

function within(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value)
    if (!(number >= least && number <= most)) throw new Error(`must be a number from ${least} to ${most}`)
    return number
  }
}

function whole(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value)
    if (!Number.isInteger(number) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`)
    }
    return number
  }
}

function seconds(least: number, most: number) {
  return (value: string): number => within(least, most)(value) * 1_000
}
