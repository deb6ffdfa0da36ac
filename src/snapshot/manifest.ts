/**
 * The manifest as text: written, parsed, and held against its own digest.
 * Guarantees: what `readManifest` returns as a manifest has the right shape, file names that stay inside the
 * folder, and parts numbered from 1 without a gap; a change of any of its values is told.
 */
import { createHash } from 'node:crypto'
import { Ajv } from 'ajv'
import { messageOf } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import {
  FORMAT,
  FORMAT_VERSION,
  INDEX_KEY,
  KNOWN_VERSIONS,
  type Manifest,
  partNames,
  partOf,
  SCHEMA,
} from './format.ts'

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const text = { type: 'string' }
const date = { type: 'string', pattern: '^\\d{4,}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' }
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const span = { oldestCreated: text, newestCreated: text }
const file = shape({ name: text, lines: count, bytes: count, sha256: hash })
const part = shape(
  {
    number: count,
    ...{ interactions: file, contacts: file, contactCount: count, gone: count, empty: count, records: count },
  },
  {
    ...{ failed: count, dropped: count, removed: count, content: hash, index: file },
    ...{ firstReadAt: text, lastReadAt: text, ...span },
  },
)
const encryption = shape(
  { method: { const: 'age' }, recipients: count },
  { keys: hash, index: shape({ fingerprint: text, key: file }) },
)
// Our own schema needn't be held against its dialect's in every process.
const validate = new Ajv({ allErrors: true, strict: true, validateSchema: false }).compile<Manifest>(
  shape(
    {
      format: { const: FORMAT },
      formatVersion: { enum: KNOWN_VERSIONS },
      tool: shape({ name: text, version: text }),
      ...{ tenant: text, schemaId: text, pass: text, createdAt: date, startedAt: date, finishedAt: date },
      compression: { enum: ['zstd', 'gzip'] },
      contacts: shape(
        { source: text, listed: count, read: count, empty: count, gone: count, failed: count },
        { counted: count, carried: count },
      ),
      interactions: shape({ records: count }, span),
      schema: file,
      parts: { type: 'array', items: part },
      digest: hash,
    },
    {
      complete: { type: 'boolean' },
      parent: shape({ snapshot: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' }, origin: hash }),
      order: { enum: ['id', 'keyed'] },
      encryption,
      secondLook: shape({ contacts: count, arrived: count, vanished: count }),
      origin: hash,
      forgotten: { type: 'array', items: shape({ at: date, contact: hash }) },
      content: hash,
    },
  ),
)

function shape(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  }
}

/** @returns SHA-256 (hex) of the canonical JSON (RFC 8785) of the manifest without its `digest`. */
export function digestOf(manifest: Omit<Manifest, 'digest'>): string {
  const { digest: _, ...rest } = manifest as Manifest
  return createHash('sha256').update(canonicalJson(rest)).digest('hex')
}

/** @returns the exact text of manifest.json. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/** A manifest where the text has one of this format; `problems` is empty only where its digest holds, too. */
export interface ReadManifest {
  readonly manifest: Manifest | undefined
  readonly problems: readonly string[]
}

/** Reads the text of manifest.json. Never throws. */
export function readManifest(content: string): ReadManifest {
  let value: unknown
  try {
    value = parseJson(content)
  } catch (error) {
    return { manifest: undefined, problems: [`it is not JSON: ${messageOf(error)}`] }
  }
  if (!isObject(value) || value['format'] !== FORMAT)
    return { manifest: undefined, problems: [`its format is not "${FORMAT}"`] }
  if (!KNOWN_VERSIONS.some((known) => known === value['formatVersion'])) {
    const version = JSON.stringify(value['formatVersion'])
    return {
      manifest: undefined,
      problems: [`its format version is ${version}; this program knows versions up to ${FORMAT_VERSION}`],
    }
  }
  if (!validate(value)) {
    const problems = (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message}`)
    return { manifest: undefined, problems }
  }
  const misnamed = namesOf(value)
  if (misnamed.length > 0) return { manifest: undefined, problems: misnamed }
  return {
    manifest: value,
    problems: value.digest === digestOf(value) ? [] : ['it was changed: its digest does not hold'],
  }
}

function namesOf(manifest: Manifest): string[] {
  const problems: string[] = []
  const expect = (name: string, found: string): void => {
    if (name !== found) problems.push(`it names ${JSON.stringify(found)} where ${name} belongs`)
  }
  expect(SCHEMA, manifest.schema.name)
  const key = manifest.encryption?.index?.key
  if (key !== undefined) expect(INDEX_KEY, key.name)
  for (const [index, each] of manifest.parts.entries()) {
    if (each.number !== index + 1) problems.push(`its part ${index + 1} has the number ${each.number}`)
    const dress = { compression: manifest.compression, encrypted: manifest.encryption !== undefined }
    const names = partNames(index + 1, dress, partOf(each.contacts.name).revision)
    expect(names.interactions, each.interactions.name)
    expect(names.contacts, each.contacts.name)
    if (each.index !== undefined) expect(names.index, each.index.name)
  }
  return problems
}

/** RFC 8785 of what a manifest holds: keys sorted by code units, no white space; its numbers are integers. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`)
  return `{${members.join(',')}}`
}
