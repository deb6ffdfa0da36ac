/**
 * Reads what a plan is made of, and makes it.
 * Guarantees: GETs only; every problem of the operator's input is found here, before there is a run.
 */
import { zstdCompressSync } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { PAGE_SIZE } from '../engage/guesses.ts'
import type { EngageReader } from '../engage/types.ts'
import { unknownSchema } from '../engage/unknown-schema.ts'
import { type ContactList, openTemporaryContacts } from '../journal/contacts.ts'
import { type Json, stringifyJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { stamp } from '../names.ts'
import { diffSchemas, schemaDigest } from '../schema/diff.ts'
import { freePlaces } from '../schema/rules.ts'
import {
  addCreatedSince,
  type ContactSource,
  countContacts,
  loadContacts,
} from '../transfer/contact-source.ts'
import { readContact } from '../transfer/export.ts'
import type { Progress } from '../transfer/progress.ts'
import { inOrder } from '../transfer/pump.ts'
import { assessCoverage } from './coverage.ts'
import { estimateUpgrade } from './estimate.ts'
import { type HistoryRequest, planHistory } from './history-plan.ts'
import { inPlace } from './in-place.ts'
import { type CoverageRequest, openCandidates, sampleOutside } from './outside.ts'
import { checkUpgrade, PLAN_FORMAT, PLAN_VERSION, type Plan } from './plan.ts'
import { riskOf } from './risk.ts'

export interface PlanRequest {
  readonly schemaId: string
  /** Makes the new schema from the live one. */
  derive(live: InteractionSchema): InteractionSchema
  readonly source: ContactSource
  readonly finalPass: 'full' | 'hot'
  /** Contacts without history that a hot final pass reads all the same. */
  readonly hotSample: number
  readonly canaryGate: boolean
  readonly automations: readonly string[]
  /** What the source system has kept, where it is to be imported. */
  readonly history?: HistoryRequest
  /** What people have to see to, and who has to approve. */
  readonly people?: Partial<
    Pick<Plan, 'producers' | 'templates' | 'audiences' | 'begin' | 'requireTwo' | 'policy'>
  >
  /** Contacts outside the list that are looked at, where that is asked for. */
  readonly coverage?: CoverageRequest
}

export interface SurveyTools {
  readonly reader: EngageReader
  readonly clock: Clock
  readonly tenant: string
  readonly baseUrl: string
  readonly tool: { readonly name: string; readonly version: string }
  readonly ratePerSecond: number
  readonly concurrency: number
  /** Once aborted, the survey ends with its reason. */
  readonly stop?: AbortSignal
  readonly progress?: Progress
}

/** Contacts that are looked at to estimate how many interactions there are. */
const SAMPLE = 200

/** @throws OperatorError for input that can't be planned with @throws EngageError where the tenant can't be read */
export async function makePlan(request: PlanRequest, tools: SurveyTools): Promise<Plan> {
  const { reader, clock } = tools
  const schemas = await reader.listSchemas()
  const before = await reader.getSchema(request.schemaId)
  if (before === undefined)
    throw unknownSchema(
      request.schemaId,
      tools.tenant,
      schemas.map(({ id }) => id),
    )
  const after = request.derive(before)
  const others = schemas.map(({ id }) => id).filter((id) => id !== request.schemaId)
  const warnings = checkUpgrade(before, after, others)
  const run = `${request.schemaId}-${stamp(clock.now())}`
  using candidates = request.coverage && (await openCandidates(request.coverage, reader))
  using contacts = openTemporaryContacts()
  const loaded = await loadContacts(request.source, contacts, reader)
  const createdSince = await addCreatedSince(Date.parse(request.source.asOf), contacts, reader, clock.now())
  const counted = await countContacts(reader)
  // Whether they are in the tenant is not known yet: they say nothing of how many the list holds.
  const named = contacts.count()
  const history =
    request.history &&
    (await planHistory(request.history, {
      ...{ tenant: tools.tenant, schemaId: request.schemaId, contacts },
      progress: tools.progress ?? (() => undefined),
    }))
  const coverageSample =
    candidates &&
    (await sampleOutside(candidates, { list: contacts, schemaId: request.schemaId, seed: run }, tools))
  const sample = await sampleContacts(contacts, request.schemaId, tools)
  tools.stop?.throwIfAborted()
  const listed = contacts.count()
  const finalPassContacts =
    request.finalPass === 'full'
      ? listed
      : Math.min(listed, Math.ceil(listed * sample.withHistory) + request.hotSample)
  const plan: Omit<Plan, 'gates'> = {
    format: PLAN_FORMAT,
    formatVersion: PLAN_VERSION,
    tool: tools.tool,
    run,
    strategy: 'in-place',
    createdAt: new Date(clock.now()).toISOString(),
    tenant: tools.tenant,
    baseUrl: tools.baseUrl,
    schemaId: request.schemaId,
    changes: diffSchemas(before, after).map(({ text }) => text),
    warnings,
    contacts: { source: request.source, ...loaded },
    ...(history && { history }),
    coverage: assessCoverage({ listed: named, gone: 0, counted, createdSince, sample: coverageSample }),
    ...(coverageSample && { coverageSample }),
    schemas: { inTenant: schemas.length, free: freePlaces(schemas.length) },
    estimate: estimateUpgrade({
      contacts: listed,
      interactions: Math.round(listed * sample.interactions),
      recordBytes: Math.round(listed * sample.recordBytes),
      furtherPages: Math.round(listed * sample.furtherPages),
      contactsWithHistory: Math.min(
        listed,
        Math.round(listed * sample.withHistory) + (history?.contacts ?? 0),
      ),
      ...(history && { history }),
      finalPassContacts,
      ratePerSecond: tools.ratePerSecond,
    }),
    finalPass: {
      mode: request.finalPass,
      sample: request.hotSample,
      risk: riskOf(request.finalPass, Math.min(request.hotSample, listed)),
    },
    canaryGate: request.canaryGate,
    automations: request.automations,
    ...request.people,
    liveDigest: schemaDigest(before),
    before,
    after,
  }
  return { ...plan, gates: gatesOf(plan.canaryGate) }
}

function gatesOf(canaryGate: boolean): Plan['gates'] {
  return inPlace
    .flatMap(({ actions }) => actions)
    .filter(({ kind, name }) => kind === 'gate' && (canaryGate || name !== 'canary-seen'))
    .map(({ name, title }) => ({ name, asks: title }))
}

interface SampleMeans {
  readonly interactions: number
  readonly furtherPages: number
  readonly withHistory: number
  /** Compressed together, as a snapshot has them; there are fewer of them here, so it is rather too much. */
  readonly recordBytes: number
}

/** Reads contacts spread evenly over the list. @returns means a contact */
async function sampleContacts(list: ContactList, schemaId: string, tools: SurveyTools): Promise<SampleMeans> {
  const size = Math.min(SAMPLE, list.count())
  const ordinals = Array.from({ length: size }, (_, index) => Math.floor((index * list.count()) / size))
  const reads = await Array.fromAsync(
    inOrder(
      ordinals.flatMap((ordinal) => list.slice(ordinal, 1)),
      async (id) => {
        tools.stop?.throwIfAborted()
        return (await readContact(tools.reader, tools.clock, id, schemaId)).interactions
      },
      { concurrency: tools.concurrency, window: size },
    ),
  )
  const counts = reads.map(({ length }) => length)
  const records = reads.flat().map((record) => stringifyJson(record as unknown as Json))
  const mean = (of: (count: number) => number): number =>
    counts.reduce((sum, each) => sum + of(each), 0) / size
  return {
    interactions: mean((count) => count),
    furtherPages: mean((count) => Math.max(0, Math.ceil(count / PAGE_SIZE) - 1)),
    withHistory: mean((count) => Math.min(1, count)),
    recordBytes: records.length === 0 ? 0 : zstdCompressSync(records.join('\n')).length / size,
  }
}
