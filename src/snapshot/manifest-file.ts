/**
 * The small files of a snapshot, read from where it is kept.
 * Guarantees: what is returned was held against its digest; anything else is an OperatorError that names the file.
 */
import { createHash } from 'node:crypto'
import { codeOf, messageOf } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { MANIFEST, type Manifest, SCHEMA } from './format.ts'
import { readManifest } from './manifest.ts'
import type { Place } from './place.ts'
import { refusal } from './provenlines.ts'

/** @returns whether there is a finished snapshot, of whatever kind */
export async function hasManifest(place: Place): Promise<boolean> {
  return (await place.list()).files.some(({ name }) => name === MANIFEST)
}

/** @throws OperatorError where the place is not a snapshot that this program knows */
export async function manifestAt(place: Place): Promise<Manifest> {
  const { manifest, problems } = readManifest(await textAt(place, MANIFEST))
  if (manifest !== undefined && problems.length === 0) return manifest
  throw refusal(`${place.name}/${MANIFEST} can't be used: ${problems.join('; ')}.`)
}

/** @throws OperatorError where schema.json is not the one that the manifest names */
export async function schemaAt(place: Place, manifest: Manifest): Promise<InteractionSchema> {
  const { schema, problem } = readSchema(await textAt(place, SCHEMA), manifest)
  if (schema === undefined) throw refusal(`${place.name}/${SCHEMA} can't be used: ${problem}.`)
  return schema
}

/** Reads the text of schema.json against its proof. Never throws. */
export function readSchema(
  text: string,
  manifest: Manifest,
): { readonly schema: InteractionSchema | undefined; readonly problem: string } {
  if (createHash('sha256').update(text).digest('hex') !== manifest.schema.sha256)
    return { schema: undefined, problem: 'it was changed: its SHA-256 is not the one in the manifest' }
  try {
    const schema = parseJson(text)
    if (isObject(schema) && schema['id'] === manifest.schemaId && isObject(schema['jsonSchema'] ?? null))
      return { schema: schema as unknown as InteractionSchema, problem: '' }
    return { schema: undefined, problem: `it is not the schema ${manifest.schemaId}` }
  } catch {
    return { schema: undefined, problem: 'it is not JSON' }
  }
}

/** @returns all bytes of a file. Throws what the place says of it. */
export async function bytesAt(place: Place, name: string): Promise<Buffer> {
  return Buffer.concat((await Array.fromAsync(place.read(name))) as Buffer[])
}

async function textAt(place: Place, name: string): Promise<string> {
  try {
    return (await bytesAt(place, name)).toString('utf8')
  } catch (cause) {
    const absent = ['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')
    throw refusal(
      absent
        ? `${place.name} is not a snapshot: it has no ${name}.`
        : `${place.name}/${name} can't be read: ${messageOf(cause)}.`,
      cause,
    )
  }
}
