/**
 * The schemas that a command line names, read from where each of them is.
 * Guarantees: only reads; a tenant is asked only where one of them is in it, or where that is wished for; what a tenant or a
 * snapshot gives has the shape of a schema, what stands in a file need not.
 */
import { type Config, readConfig } from '../config.ts'
import type { EngageReader, SchemaSummary } from '../engage/types.ts'
import { unknownSchema } from '../engage/unknown-schema.ts'
import type { Json } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { tenantOf } from '../names.ts'
import type { Finding } from '../schema/finding.ts'
import { manifestAt, schemaAt } from '../snapshot/manifest-file.ts'
import { type Args, type Tools, textOf } from './command.ts'
import { openConnection } from './open.ts'
import { jsonIn, schemaOf } from './schema-file.ts'
import { type SchemaRef, schemaRefOf } from './which-schema.ts'
import { snapshotNamed } from './which-snapshot.ts'

/** The settings that such a command takes. */
export const SCHEMA_SETTINGS = [
  ...(['baseUrl', 'apiKeyFile', 'apiVersion', 'data', 'rate', 'concurrency', 'timeoutMs'] as const),
]

export interface NamedSchema {
  readonly kind: SchemaRef['kind']
  /** For people: where it is. */
  readonly name: string
  /** Whose it is; null of a file. */
  readonly tenant: string | null
  /** As it stands there: a file may hold anything. */
  readonly value: Json
  /** Names that stand twice in a file. */
  readonly twice: readonly Finding[]
}

/** A tenant whose schemas are asked for. */
export interface SchemaTenant {
  readonly name: string
  readonly reader: EngageReader
  /** All that it has. */
  readonly listed: readonly SchemaSummary[]
  readonly ids: readonly string[]
}

export interface NamedSchemas {
  readonly schemas: readonly NamedSchema[]
  /** Undefined where it was not asked. */
  readonly tenant: SchemaTenant | undefined
}

/** @throws OperatorError (exit 2) where the settings name no tenant @throws EngageError where it can't be read */
export async function askTenant(config: Config, tools: Tools): Promise<SchemaTenant> {
  const { reader, baseUrl } = openConnection(config, tools)
  const listed = await reader.listSchemas(tools.stop)
  return { name: tenantOf(baseUrl), reader, listed, ids: listed.map(({ id }) => id) }
}

/**
 * @param texts as they were typed
 * @param args may hold `from`, where the names of snapshots are looked up
 * @param live whether the tenant is asked in any case
 * @throws OperatorError (exit 2) where one of them means nothing, or could mean two things
 */
export async function schemasNamed(
  texts: readonly string[],
  args: Args,
  tools: Tools,
  live = false,
): Promise<NamedSchemas> {
  const refs = texts.map(schemaRefOf)
  const asks = live || refs.some(({ kind }) => kind === 'live')
  const config = readConfig(args, tools.env, asks)
  const tenant = asks ? await askTenant(config, tools) : undefined
  const schemas: NamedSchema[] = []
  for (const ref of refs) schemas.push(await read(ref, { args, config, tenant }, tools))
  return { schemas, tenant }
}

/**
 * @returns the schema, where it is one
 * @throws OperatorError (exit 2) where a file holds none by the rules
 */
export function assertSchema(named: NamedSchema): InteractionSchema {
  // What Engage has accepted may break rules that are of our own making.
  return named.kind === 'file' ? schemaOf(named, named.name) : (named.value as unknown as InteractionSchema)
}

interface From {
  readonly args: Args
  readonly config: Config
  readonly tenant: SchemaTenant | undefined
}

async function read(ref: SchemaRef, from: From, tools: Tools): Promise<NamedSchema> {
  if (ref.kind === 'file') return { kind: ref.kind, name: ref.file, tenant: null, ...jsonIn(ref.file) }
  const found = ref.kind === 'live' ? await liveOf(ref.id, from, tools) : await keptOf(ref.text, from, tools)
  return { ...found, kind: ref.kind, twice: [] }
}

type Found = Pick<NamedSchema, 'name' | 'tenant' | 'value'>

async function liveOf(id: string, { tenant }: From, { stop }: Tools): Promise<Found> {
  if (tenant === undefined) throw new Error('the tenant was not asked')
  const schema = id === '' ? undefined : await tenant.reader.getSchema(id, stop)
  if (schema === undefined) throw unknownSchema(id, tenant.name, tenant.ids)
  return { name: `${schema.id} in ${tenant.name}`, tenant: tenant.name, value: schema as unknown as Json }
}

async function keptOf(text: string, { args, config }: From, { stop }: Tools): Promise<Found> {
  const place = await snapshotNamed(text, { from: textOf(args, 'from'), config, stop })
  const manifest = await manifestAt(place)
  const schema = await schemaAt(place, manifest)
  return { name: place.name, tenant: manifest.tenant, value: schema as unknown as Json }
}
