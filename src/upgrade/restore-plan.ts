/**
 * The plan of a restore: made from a snapshot's manifest and the schema that is there.
 * Guarantees: GETs only; what can't be restored, or only where that is asked for by name, is refused here, before there is
 * a run.
 */
import type { Clock } from '../clock.ts'
import type { EngageReader } from '../engage/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { InteractionSchema } from '../model.ts'
import { stamp } from '../names.ts'
import { diffSchemas, schemaDigest } from '../schema/diff.ts'
import { freePlaces, MAX_SCHEMAS } from '../schema/rules.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { type PhaseEstimate, totalOf } from './estimate.ts'
import { PLAN_FORMAT, PLAN_VERSION, type Plan } from './plan.ts'
import { noSchema, restore } from './restore.ts'
import type { RestoreTerms } from './terms.ts'

export interface RestoreRequest {
  readonly snapshot: Snapshot
  /** The schema to restore into. */
  readonly schemaId: string
  readonly contacts: RestoreTerms['contacts']
  readonly since: string | null
  readonly until: string | null
  readonly createSchema: boolean
  /** Whether the snapshot may be another tenant's. */
  readonly otherTenant: boolean
}

export interface RestoreTools {
  readonly reader: Pick<EngageReader, 'listSchemas' | 'getSchema'>
  readonly clock: Clock
  readonly tenant: string
  readonly baseUrl: string
  readonly tool: { readonly name: string; readonly version: string }
  readonly ratePerSecond: number
}

/** @throws OperatorError (exit 4) where the snapshot or the tenant does not allow it @throws EngageError */
export async function planRestore(request: RestoreRequest, tools: RestoreTools): Promise<Plan> {
  const { snapshot, schemaId } = request
  const { manifest } = snapshot
  assertTenant(request, tools.tenant)
  const schemas = await tools.reader.listSchemas()
  const live = await tools.reader.getSchema(schemaId)
  if (live === undefined && !request.createSchema) throw noSchema({ schemaId, tenant: tools.tenant })
  if (live === undefined && freePlaces(schemas.length) === 0) throw noRoom(schemaId, tools.tenant)
  const kept: InteractionSchema = { ...snapshot.schema, id: schemaId }
  const target = live ?? kept
  const { listed, gone, empty } = manifest.contacts
  const withHistory = listed - gone - empty
  const { contacts, since, until, createSchema } = request
  return {
    format: PLAN_FORMAT,
    formatVersion: PLAN_VERSION,
    tool: tools.tool,
    run: `restore-${schemaId}-${stamp(tools.clock.now())}`,
    strategy: 'restore',
    restore: {
      ...{ snapshot: snapshot.folder, manifestDigest: snapshot.manifestDigest },
      ...{ tenant: manifest.tenant, schemaId: manifest.schemaId, complete: manifest.complete !== false },
      properties: Object.keys(snapshot.schema.jsonSchema.properties),
      ...{ contacts, since, until, createSchema },
    },
    createdAt: new Date(tools.clock.now()).toISOString(),
    ...{ tenant: tools.tenant, baseUrl: tools.baseUrl, schemaId },
    changes: diffSchemas(kept, target).map(({ text }) => text),
    warnings: warningsOf(snapshot, target, tools.tenant),
    contacts: {
      source: {
        ...{ kind: 'file', file: snapshot.folder, sha256: snapshot.manifestDigest },
        ...{ column: null, asOf: manifest.createdAt },
      },
      ...{ listed, duplicates: 0, unreadable: 0, unreadableExamples: [] },
    },
    coverage: { sure: manifest.complete !== false, statements: [] },
    schemas: { inTenant: schemas.length, free: freePlaces(schemas.length) },
    estimate: estimateOf(manifest.interactions.records, withHistory, tools.ratePerSecond),
    finalPass: { mode: 'full', sample: 0, risk: 'none: nothing is deleted' },
    canaryGate: false,
    automations: [],
    gates: restore
      .flatMap(({ actions }) => actions)
      .flatMap(({ kind, name, title }) => (kind === 'gate' ? { name, asks: title } : [])),
    liveDigest: schemaDigest(target),
    ...{ before: target, after: target },
  }
}

function assertTenant({ snapshot, otherTenant }: RestoreRequest, tenant: string): void {
  const from = snapshot.manifest.tenant
  if (from === tenant || otherTenant) return
  throw new OperatorError({
    what: `The snapshot is of ${from}, but the base URL leads to ${tenant}.`,
    safe: 'Nothing was changed.',
    next: `Set ENGAGE_BASE_URL to ${from}; or say with --other-tenant that its interactions are to go into ${tenant}.`,
    exit: EXIT.precondition,
  })
}

function noRoom(schemaId: string, tenant: string): OperatorError {
  return new OperatorError({
    what: `There is no place for schema ${schemaId} in ${tenant}: it has ${MAX_SCHEMAS}, the most there can be.`,
    safe: 'Nothing was changed.',
    next: 'Delete a schema that may go, or restore into one that is there: --schema-id OTHER',
    exit: EXIT.precondition,
  })
}

function warningsOf(
  { manifest, schema }: Snapshot,
  target: InteractionSchema,
  tenant: string,
): readonly string[] {
  const lacking = (of: InteractionSchema, than: InteractionSchema): readonly string[] =>
    Object.keys(of.jsonSchema.properties).filter((name) => !Object.hasOwn(than.jsonSchema.properties, name))
  const dropped = lacking(schema, target)
  const unknown = lacking(target, schema).map((name) => JSON.stringify(name))
  return [
    ...(manifest.complete === false
      ? [
          `The snapshot is incomplete: ${manifest.contacts.failed} of ${manifest.contacts.listed} contacts could not be read when it was made. Of those it has what was known before, or nothing.`,
        ]
      : []),
    ...(manifest.tenant === tenant ? [] : [`The snapshot is of another tenant: ${manifest.tenant}`]),
    ...dropped.map(
      (name) =>
        `What the snapshot holds in ${JSON.stringify(name)} is dropped: schema ${target.id} does not name it.`,
    ),
    ...(unknown.length === 0
      ? []
      : [
          `The snapshot's schema does not name ${unknown.join(', ')}: an interaction that is there counts as the snapshot's whatever it has of that.`,
        ]),
  ]
}

/** The phases in the order that those of an upgrade have: `status` counts by it. */
function estimateOf(interactions: number, withHistory: number, ratePerSecond: number) {
  const phase = (name: string, calls: number): PhaseEstimate => ({
    ...{ phase: name, calls },
    seconds: Math.ceil(calls / ratePerSecond),
  })
  return totalOf({ interactions, ratePerSecond }, [
    phase('selection (on this machine)', 0),
    phase('comparison with the tenant', withHistory),
    phase('import, where nothing of it is there', withHistory + interactions),
    phase('verification (read-back)', withHistory),
  ])
}
