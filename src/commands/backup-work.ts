/**
 * The unfinished work of a backup, kept until it is done.
 * Guarantees: one backup of a tenant at a time in a data folder; who asks for the same again goes on with what is there,
 * unless it was given up, is too old to be one night, or has been overtaken by another backup; what is given up is cleared at
 * once, and leaves no half snapshot of its own behind here.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GIVEN_UP, type LaneIntent } from '../backup/lanes.ts'
import { latestBackup } from '../backup/latest.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
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
export const OLDEST = 7 * 24 * 3_600_000
const JOURNAL = 'backup.db'

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
 * Whoever works on a schema here holds it: runs, and all that writes its snapshots.
 * @param folder of the schema's snapshots
 * @throws OperatorError (exit 6) where somebody else does
 */
export function lockSchema(
  folder: string,
  { tenant, schemaId }: { readonly tenant: string; readonly schemaId: string },
  { clock }: Pick<Tools, 'clock'>,
): Disposable {
  return acquireLock(join(folder, 'lock'), `schema ${schemaId} of ${tenant}`, clock)
}

/**
 * @param ours name of the caller's own folder beside them
 * @returns the folders of backups and compactions that have not ended, and may hold contacts
 */
export function unfinishedWork(
  config: Config,
  tenant: string,
  ours: string,
  { clock }: Pick<Tools, 'clock'>,
): readonly string[] {
  const folder = workFolder(config, tenant)
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { withFileTypes: true })
  const names = entries.filter((each) => each.isDirectory() && each.name !== ours).map(({ name }) => name)
  return names.map((name) => join(folder, name)).filter((each) => mayHoldContacts(each, clock))
}

/** Before it has its list a backup has read nobody. What has no journal of contacts to go by may hold any. */
function mayHoldContacts(folder: string, clock: Clock): boolean {
  const file = join(folder, JOURNAL)
  if (!existsSync(file)) return hasFiles(folder)
  try {
    using journal = openJournal(file, clock, 'read')
    return journal.contacts.count() > 0
  } catch (error) {
    if (error instanceof OperatorError) return true
    throw error
  }
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
  const file = join(folder, JOURNAL)
  const home = root.at(identity.tenant)
  if (existsSync(file)) {
    const journal = openJournal(file, tools.clock)
    const reason = await whyNotGoneOnWith(journal, schemaIds, home, tools.clock.now())
    if (reason === undefined) return workIn(folder, home, journal, intentsOf(journal)?.at)
    journal[Symbol.dispose]()
    if (reason !== DONE) tools.output.say(`An unfinished backup is given up: ${reason}.`)
    await clear(folder, home, journal)
  }
  return workIn(folder, home, await begun(folder, file, tools), undefined)
}

/** What it was decided to write, and when. */
function intentsOf({
  events,
}: Journal): { readonly at: number; readonly lanes: readonly LaneIntent[] } | undefined {
  const event = events.latest('lanes', 'intent')
  return event && { at: event.at, lanes: event.detail as unknown as readonly LaneIntent[] }
}

/** @param journal of the work; what it remembers is in memory, so that it may be closed */
async function clear(folder: string, home: Place, journal: Journal): Promise<void> {
  for (const { schemaId, stamp } of intentsOf(journal)?.lanes ?? []) {
    const place = home.at(schemaId).at(stamp)
    // Only on this machine, where nobody else writes; elsewhere `prune` does it.
    if (place.folder !== undefined && !(await hasManifest(place))) await removeSnapshot(place, true)
  }
  await rm(folder, { recursive: true, force: true })
}

function sameSet(intents: readonly LaneIntent[], schemaIds: readonly string[]): boolean {
  const wanted = new Set(schemaIds)
  return intents.length === wanted.size && intents.every(({ schemaId }) => wanted.has(schemaId))
}

const DONE = 'it is done'

async function whyNotGoneOnWith(
  journal: Journal,
  schemaIds: readonly string[],
  home: Place,
  now: number,
): Promise<string | undefined> {
  const intents = intentsOf(journal)
  if (intents !== undefined && !sameSet(intents.lanes, schemaIds))
    return 'its schemas are not the same any more'
  if (journal.events.latest('backup', 'finished') !== undefined) return DONE
  const given = givenUp(journal)
  if (given !== undefined) return given
  if (intents === undefined) return undefined
  if (now - intents.at > OLDEST) return `it was begun on ${new Date(intents.at).toISOString()}`
  // It would follow what that one follows: two ends of one chain, the older of which has the newer contents.
  for (const { schemaId, stamp } of intents.lanes) {
    const latest = await latestBackup(home.at(schemaId))
    if (latest !== undefined && latest.stamp > stamp)
      return `${schemaId} was backed up since it was begun, in ${latest.stamp}`
  }
  return undefined
}

/** @returns why it must not be gone on with */
function givenUp({ events }: Journal): string | undefined {
  const note = events.latest(GIVEN_UP, 'note')?.detail as { readonly why?: string } | undefined
  return note && (note.why ?? '')
}

async function begun(folder: string, file: string, { clock }: Pick<Tools, 'clock'>): Promise<Journal> {
  await makeFolder(folder)
  return openJournal(file, clock)
}

function workIn(folder: string, home: Place, journal: Journal, since: number | undefined): BackupWork {
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
      // What has ended it is to be told, not that it could not be cleared: that is left to the next one.
      else if (givenUp(journal) !== undefined) await clear(folder, home, journal).catch(() => undefined)
    },
  }
}
