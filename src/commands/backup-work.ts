/**
 * The unfinished work of a backup, kept until it is done.
 * Guarantees: one backup of a tenant at a time in a data folder; who asks for the same again goes on with what is there,
 * unless it was given up or is too old to be one night; what is given up leaves no half snapshot of its own behind here.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GIVEN_UP, type LaneIntent } from '../backup/lanes.ts'
import type { Config } from '../config.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { acquireLock } from '../journal/lock.ts'
import { makeFolder } from '../snapshot/durable.ts'
import { hasManifest } from '../snapshot/manifest-file.ts'
import type { Place } from '../snapshot/place.ts'
import { removeSnapshot } from '../snapshot/removal.ts'
import type { Tools } from './command.ts'

/** What makes two backups the same one. */
export interface BackupIdentity {
  readonly tenant: string
  /** Null: all. */
  readonly schemaIds: readonly string[] | null
  readonly root: string
  readonly sinceLatest: boolean
  readonly hotFile: string | null
  readonly recipients: readonly string[]
  readonly fingerprint: string | null
  readonly compression: string
}

/** A list of contacts that is older than this is gone on with by nobody, in milliseconds. */
const OLDEST = 7 * 24 * 3_600_000

export interface BackupWork extends AsyncDisposable {
  readonly journal: Journal
  readonly spool: string
  /** When it was begun: milliseconds since the epoch; undefined where it is new. */
  readonly since: number | undefined
  /** To be called when it is done: nothing of it is needed any more. */
  done(): void
}

/** @returns the folder of all backups of a tenant */
function workFolder(config: Config, tenant: string): string {
  return join(resolve(config.data), 'backups', tenant)
}

/** @throws OperatorError (exit 6) where another backup of the tenant is at work */
export function lockBackups(config: Config, tenant: string, { clock }: Pick<Tools, 'clock'>): Disposable {
  return acquireLock(join(workFolder(config, tenant), 'lock'), `a backup of ${tenant}`, clock)
}

/**
 * @param ours name of the caller's own folder beside them
 * @returns the folders of backups and compactions that have not ended
 */
export function unfinishedWork(config: Config, tenant: string, ours: string): readonly string[] {
  const folder = workFolder(config, tenant)
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { withFileTypes: true })
  const names = entries.filter((each) => each.isDirectory() && each.name !== ours).map(({ name }) => name)
  return names.map((name) => join(folder, name)).filter(hasFiles)
}

function hasFiles(folder: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).some((each) => each.isFile())
}

/**
 * Takes up what is there, or begins. The lock must be held.
 * @param schemaIds what is held, and to be backed up: work that is about others is not gone on with
 */
export async function openWork(
  config: Config,
  identity: BackupIdentity,
  root: Place,
  schemaIds: readonly string[],
  tools: Pick<Tools, 'clock' | 'output'>,
): Promise<BackupWork> {
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12)
  const folder = join(workFolder(config, identity.tenant), key)
  const file = join(folder, 'backup.db')
  if (existsSync(file)) {
    const journal = openJournal(file, tools.clock)
    const began = journal.events.latest('lanes', 'intent')?.at
    const intents = journal.events.latest('lanes', 'intent')?.detail as unknown as
      | readonly LaneIntent[]
      | undefined
    const others = intents !== undefined && !sameSet(intents, schemaIds)
    const reason = others
      ? 'its schemas are not the same any more'
      : whyNotGoneOnWith(journal, began, tools.clock.now())
    if (reason === undefined) return workIn(folder, journal, began)
    journal[Symbol.dispose]()
    if (reason !== DONE) tools.output.say(`An unfinished backup is given up: ${reason}.`)
    for (const { schemaId, stamp } of intents ?? []) {
      const place = root.at(identity.tenant).at(schemaId).at(stamp)
      // Only on this machine, where nobody else writes; elsewhere `prune` does it.
      if (place.folder !== undefined && !(await hasManifest(place))) await removeSnapshot(place, true)
    }
    await rm(folder, { recursive: true, force: true })
  }
  return workIn(folder, await begun(folder, file, tools), undefined)
}

function sameSet(intents: readonly LaneIntent[], schemaIds: readonly string[]): boolean {
  const wanted = new Set(schemaIds)
  return intents.length === wanted.size && intents.every(({ schemaId }) => wanted.has(schemaId))
}

const DONE = 'it is done'

function whyNotGoneOnWith(journal: Journal, began: number | undefined, now: number): string | undefined {
  if (journal.events.latest('backup', 'finished') !== undefined) return DONE
  const given = journal.events.latest(GIVEN_UP, 'note')?.detail as { readonly why?: string } | undefined
  if (given !== undefined) return given.why ?? ''
  return began !== undefined && now - began > OLDEST
    ? `it was begun on ${new Date(began).toISOString()}`
    : undefined
}

async function begun(folder: string, file: string, { clock }: Pick<Tools, 'clock'>): Promise<Journal> {
  await makeFolder(folder)
  return openJournal(file, clock)
}

function workIn(folder: string, journal: Journal, since: number | undefined): BackupWork {
  let done = false
  return {
    journal,
    spool: join(folder, 'spool'),
    since,
    done: () => {
      done = true
    },
    async [Symbol.asyncDispose]() {
      journal[Symbol.dispose]()
      if (done) await rm(folder, { recursive: true, force: true })
    },
  }
}
