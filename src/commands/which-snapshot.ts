/**
 * Which snapshot a text on the command line means.
 * Guarantees: one snapshot, or an OperatorError that lists those it may mean: nothing is guessed between two, and a newest
 * one that can't be used is told, never passed over for an older one. Nothing is changed.
 */
import { statSync } from 'node:fs'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { type CatalogEntry, catalogOf, STAMP } from '../snapshot/catalog.ts'
import { HISTORY, MERGED, RESTORED } from '../snapshot/format.ts'
import type { Place } from '../snapshot/place.ts'
import type { Flag } from './command.ts'
import { rootPlace } from './places.ts'

/** What a command's help says of such an argument. */
export const SNAPSHOT =
  'folder or address of a snapshot; or its name as `snapshots list` has it: STAMP (SCHEMA/STAMP where several schemas have that one), or ' +
  'SCHEMA@latest for the newest that the tenant held; TENANT/ before it where several tenants have that schema'

/** The flag that says where such names are looked up. */
export const FROM: Flag = {
  type: 'string',
  describe: 'where snapshots are kept, if not in the data folder',
}

/** Where names are looked up. */
export interface Where {
  /** The data folder where undefined. */
  readonly from: string | undefined
  readonly config: Config
  /** Whether the newest that is meant is of a source system's own history. */
  readonly history?: boolean
  /** Ends what is read of an object store once aborted. */
  readonly stop?: AbortSignal
}

/** A name within a place. Without a stamp, the newest is meant. */
interface Name {
  readonly tenant?: string
  readonly schemaId?: string
  readonly stamp?: string
}

const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const SCHEMA_ID = /^[A-Za-z0-9_-]+$/
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i

/**
 * @param text what was typed: a folder, an address, or a name
 * @param where where `from` is given, a name is never taken for a folder of the same name here
 * @returns its place; that there is a whole snapshot is for whoever opens it to say
 * @throws OperatorError (exit 2) where it is none of these or could be several, (exit 4) where the newest can't be used
 */
export async function snapshotNamed(
  text: string,
  { from, config, stop, history = false }: Where,
): Promise<Place> {
  const name = nameIn(text)
  const folder = !ADDRESS.test(text) && isFolder(text)
  if (ADDRESS.test(text) || (folder && (from === undefined || name === undefined)))
    return rootPlace(text, config, stop)
  const root = await rootPlace(from, config, stop)
  if (name === undefined) throw noSnapshot(text, root)
  const found = await catalogOf(root, name)
  return (name.stamp === undefined ? newestOf(found, text, history) : onlyOf(found, text, root)).place
}

/** @returns whether a text is written as the address or the name of a snapshot is, whatever is there */
export function isWrittenAsSnapshot(text: string): boolean {
  return ADDRESS.test(text) || nameIn(text) !== undefined
}

/** @returns undefined where the text can't be a name */
function nameIn(text: string): Name | undefined {
  const segments = text.split('/')
  const last = segments.pop() ?? ''
  if (STAMP.test(last)) return within(segments, { stamp: last })
  if (!last.endsWith('@latest')) return undefined
  return within([...segments, last.slice(0, -'@latest'.length)], {})
}

function within(above: readonly string[], name: Name): Name | undefined {
  const [schemaId, tenant, ...more] = above.toReversed()
  if (more.length > 0) return undefined
  if (schemaId !== undefined && !SCHEMA_ID.test(schemaId)) return undefined
  if (tenant !== undefined && !TENANT.test(tenant)) return undefined
  return { ...name, ...(schemaId !== undefined && { schemaId }), ...(tenant !== undefined && { tenant }) }
}

function onlyOf(found: readonly CatalogEntry[], text: string, root: Place): CatalogEntry {
  const [only, ...others] = found
  if (only === undefined) throw noSnapshot(text, root)
  if (others.length > 0)
    throw severalOf(
      text,
      found.map(({ tenant, schemaId, stamp }) => `${tenant}/${schemaId}/${stamp}`),
    )
  return only
}

/** What the tenant did not hold like that. */
const OTHERS = [HISTORY, RESTORED, MERGED]

/**
 * Half a snapshot is passed over: it is being written, or was given up; whoever waits for one has the one before it. So is
 * what a restore took out of another one or an upgrade has merged, and the source system's own history, but where that is
 * what is meant.
 */
function newestOf(found: readonly CatalogEntry[], text: string, history: boolean): CatalogEntry {
  const isMeant = (pass: string | undefined): boolean =>
    // Of one that can't be used nobody knows what it is.
    history ? pass === HISTORY || pass === undefined : !OTHERS.some((each) => each === pass)
  const finished = found.filter(({ condition, manifest }) => condition !== 'half' && isMeant(manifest?.pass))
  const tenants = [...new Set(finished.map(({ tenant }) => tenant))]
  const newest = finished.at(-1)
  if (newest === undefined) {
    throw new OperatorError({
      what: `There is no finished snapshot that ${text} could mean.`,
      safe: 'Nothing was changed.',
      next: LIST,
      exit: EXIT.usage,
    })
  }
  if (tenants.length > 1)
    throw severalOf(
      text,
      tenants.map((tenant) => `${tenant}/${newest.schemaId}@latest`),
    )
  if (newest.condition !== 'unusable') return newest
  throw new OperatorError({
    what: `${newest.place.name} is what ${text} means, and it can't be used: ${newest.problem ?? ''}.`,
    safe: 'Nothing was changed. An older one was not taken in its place.',
    next: `Put an undamaged copy of it back, or name another one. ${LIST}`,
    exit: EXIT.precondition,
  })
}

const LIST = 'engage-migrate snapshots list   (lists them)'

function noSnapshot(text: string, root: Place): OperatorError {
  return new OperatorError({
    what: `${text} is no snapshot: neither a folder nor the name of one in ${root.name}.`,
    safe: 'Nothing was changed.',
    next: LIST,
    exit: EXIT.usage,
  })
}

function severalOf(text: string, names: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${text} could mean ${names.length} snapshots: ${names.join(', ')}.`,
    safe: 'Nothing was changed.',
    next: 'Give the whole name of the one that is meant.',
    exit: EXIT.usage,
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
