/**
 * Everything that goes wrong in one simulated upgrade, drawn from a seed and written down as a value.
 * Guarantees: the same seed gives the same scenario; each thing that goes wrong is an ingredient with a name of its
 * own, and can be left out by it without changing the others.
 */
import { between, pick, type Random, seededRandom } from '../../../src/sandbox/random.ts'
import { SCHEMAS } from '../../../src/sandbox/schemas.ts'
import { drawMore } from './draws.ts'
import type { Ending, Fate } from './life.ts'
import { FAULTS_AFTER, FAULTS_BEFORE, type RequestKind, type WireFault, type WireFaultKind } from './wire.ts'

/** Something that people or other systems do to the tenant meanwhile. */
export type Happening =
  /** Another system posts an interaction. */
  | 'arrival'
  | 'contact-deleted'
  | 'contact-restored'
  | 'contact-merged'
  /** Others create schemas until none more can be. */
  | 'places-taken'
  /** Others create the schema that was deleted, as it was, as it is to be or in yet another form. */
  | 'recreated-as-it-was'
  | 'recreated-as-planned'
  | 'recreated-otherwise'
  /** Others delete the schema that has just come back. */
  | 'deleted-by-others'
  /** Others delete one interaction, before the schema is deleted. */
  | 'interaction-deleted'
  /** A contact with history that the list does not have. */
  | 'contact-created'
  /** Another system posts a record of history once more, with all that is in it. */
  | 'arrival-equal'
  /** Others ask with the same key: little of its rate is left for a while. */
  | 'rate-spent'

export interface TenantEvent {
  readonly what: Happening
  /** When: as the server gets this request, counted from 1 within its kind. */
  readonly of: RequestKind | 'next-page'
  readonly at: number
  /** Which contact (or record), modulo how many there are. */
  readonly contact: number
  /** Of `rate-spent`: for how long, and how many requests a second are left. */
  readonly spell?: { readonly seconds: number; readonly left: number }
}

export interface Scenario {
  readonly seed: number
  readonly schemaId: string
  readonly contacts: number
  readonly interactions: number
  /** Contact 0 has so many more: several pages. */
  readonly many: number
  /** Records that break the rules of their schema: Engage has them, and won't take them again. */
  readonly misfits: number
  readonly latency: { readonly min: number; readonly max: number }
  /** Of the sandbox, as `configure` takes them. */
  readonly behaviour: { readonly [name: string]: unknown }
  /** Flags of the command line. */
  readonly settings: { readonly [flag: string]: string }
  readonly wire: readonly WireFault[]
  /** What becomes of the first, second, … process of the upgrade. */
  readonly fates: readonly Fate[]
  readonly events: readonly TenantEvent[]
  /** A byte of the snapshot changes while the deletion waits for its signature. */
  readonly rot: boolean
  /** Where contacts were merged, the operator says into which. */
  readonly mapped: boolean
  /** After so many processes since the deletion, the operator takes the way back. */
  readonly wayBack: number | undefined
  /** Contacts without history that a hot final pass reads; undefined: the final pass reads everybody. */
  readonly hotSample: number | undefined
  /** Whether a person has to look at the canary. */
  readonly canaryGate: boolean
}

const LEGAL_FORMS = ['as-is', 'as-is', 'as-is', 'numbers', 'dates', 'nulls', 'keys', 'dotnet'] as const

const LATE: readonly WireFaultKind[] = ['lands-late', 'acts-late']

const RECREATED = ['recreated-as-it-was', 'recreated-as-planned', 'recreated-otherwise'] as const

/** @returns everything that goes wrong with a seed */
export function drawScenario(seed: number): Scenario {
  return drawMore(drawFirst(seed))
}

function drawFirst(seed: number): Scenario {
  const random = seededRandom(`crash ${seed}`)
  const others = seededRandom(`others ${seed}`)
  const chance = (probability: number): boolean => random() < probability
  const contacts = between(random, 2, 10)
  const interactions = between(random, 2, 8)
  const many = chance(0.25) ? between(random, 45, 120) : 0
  const posts = contacts * interactions + many
  return {
    seed,
    schemaId: pick(random, SCHEMAS).id,
    contacts,
    interactions,
    many,
    misfits: chance(0.12) ? between(random, 1, 3) : 0,
    latency: pick(random, [
      { min: 0, max: 0 },
      { min: 5, max: 50 },
      { min: 20, max: 900 },
    ]),
    behaviour: {
      keeps: pick(random, LEGAL_FORMS),
      ...(chance(0.3) && { lag: between(random, 100, 60_000) }),
      ...(chance(0.15) && { lag: { min: 0, max: between(random, 100, 20_000) } }),
      ...(chance(0.25) && { schemaLag: between(random, 100, 30_000) }),
      ...(chance(0.25) && { deletionLag: between(random, 100, 30_000) }),
      ...(chance(0.2) && { schemaGoneLag: between(random, 100, 30_000) }),
      ...(chance(0.2) && { limit: between(random, 20, 100) }),
      retryAfter: chance(0.5) ? between(random, 1, 5) : null,
      emptyLastPage: chance(0.3),
      ...(chance(0.5) && { invalid: 'ignore' }),
      changesActivated: chance(0.7),
      ...(chance(0.3) && { pages: 'shifting' }),
    },
    settings: {
      rate: '190',
      concurrency: String(between(random, 1, 16)),
      checkpoint: String(between(random, 1, 8)),
      settle: String(between(random, 2, 20)),
      'visible-within': '120',
      compression: pick(random, ['zstd', 'gzip']),
    },
    wire: [...drawWire(random, posts, contacts), ...drawRevocation(others, posts, contacts)],
    fates: drawFates(random, posts),
    events: [...drawEvents(random, posts, contacts), ...drawRecreation(others), ...drawTaking(others, posts)],
    rot: chance(0.08),
    mapped: chance(0.5),
    wayBack: drawWayBack(seed),
    hotSample: undefined,
    canaryGate: false,
  }
}

function drawWire(random: Random, posts: number, contacts: number): WireFault[] {
  const faults: WireFault[] = []
  const add = (of: RequestKind, most: number, kinds: readonly WireFaultKind[], longest = 2): void => {
    const kind = pick(random, kinds)
    const delayed = kind === '429' || kind === '503' ? random() < 0.5 : LATE.includes(kind)
    faults.push({
      of,
      at: between(random, 1, Math.max(1, most)),
      times: between(random, 1, longest),
      kind,
      ...(delayed && { delay: LATE.includes(kind) ? between(random, 1, 900) : between(random, 1, 30) }),
    })
  }
  const reads = contacts * 5
  for (let n = between(random, 0, 4); n > 0; n--) add('list', reads, [...FAULTS_BEFORE, ...FAULTS_AFTER])
  for (let n = between(random, 0, 5); n > 0; n--) add('post', posts, FAULTS_BEFORE)
  for (let n = between(random, 0, 5); n > 0; n--) add('post', posts, FAULTS_AFTER)
  if (random() < 0.25) for (let n = between(random, 1, 3); n > 0; n--) add('post', posts, LATE, 1)
  if (random() < 0.3) add('create-schema', 3, [...FAULTS_BEFORE, ...FAULTS_AFTER])
  if (random() < 0.3) add('delete-schema', 2, [...FAULTS_BEFORE, ...FAULTS_AFTER])
  if (random() < 0.3) add('schema', 20, [...FAULTS_BEFORE, ...FAULTS_AFTER])
  if (random() < 0.2) add('list', reads, ['page-again'], 1)
  if (random() < 0.15) {
    // An outage: nothing gets through, or everything does and no answer comes back.
    add('post', posts, [...FAULTS_BEFORE, ...FAULTS_AFTER], 40)
  }
  return faults
}

/** The key is taken away, and given back once somebody has asked for it. */
function drawRevocation(random: Random, posts: number, contacts: number): WireFault[] {
  if (random() >= 0.1) return []
  const [of, most] = pick(random, [
    ['list', contacts * 5],
    ['post', posts],
    ['schema', 20],
  ] as const)
  return [{ of, at: between(random, 1, most), times: between(random, 1, 12), kind: '401' }]
}

/** Others see that the schema is missing, and mend that; some post into it before the import does. */
function drawRecreation(random: Random): TenantEvent[] {
  if (random() >= 0.08) return []
  const of = pick(random, ['schema', 'create-schema'] as const)
  const contact = between(random, 0, 99)
  const recreated: TenantEvent = { what: pick(random, RECREATED), of, at: 1, contact }
  return random() < 0.5 ? [recreated] : [recreated, { what: 'arrival', of: 'schema', at: 1, contact }]
}

function drawWayBack(seed: number): number | undefined {
  const random = seededRandom(`way back ${seed}`)
  return random() < 0.06 ? between(random, 0, 3) : undefined
}

function drawTaking(random: Random, posts: number): TenantEvent[] {
  if (random() >= 0.05) return []
  return [{ what: 'deleted-by-others', of: 'post', at: between(random, 1, posts), contact: 0 }]
}

function drawFates(random: Random, posts: number): Fate[] {
  return Array.from({ length: between(random, 0, 10) }, (): Fate => {
    // A process that only comes to the next gate has a few effects, one that imports has hundreds.
    const within = between(random, 1, pick(random, [15, 60, 60, 150, 100 + posts * 8]))
    const dice = random()
    if (dice < 0.1) return { stopsAt: within }
    if (dice < 0.25) {
      return { fullFrom: between(random, 1, random() < 0.5 ? 20 : 150), fullFor: between(random, 1, 30) }
    }
    const ending: Ending = random() < 0.5 ? 'power-cut' : 'killed'
    return { endsAt: within, ending }
  })
}

function drawEvents(random: Random, posts: number, contacts: number): TenantEvent[] {
  const events: TenantEvent[] = []
  const add = (what: Happening, of: RequestKind, most: number): void => {
    events.push({ what, of, at: between(random, 1, Math.max(1, most)), contact: between(random, 0, 99) })
  }
  // Early in the base pass: before the producers stop.
  if (random() < 0.4) for (let n = between(random, 1, 3); n > 0; n--) add('arrival', 'list', contacts * 2)
  // Once the schema is back, producers may start again.
  if (random() < 0.3) for (let n = between(random, 1, 3); n > 0; n--) add('arrival', 'post', posts)
  if (random() < 0.15) add('contact-deleted', 'post', posts)
  if (random() < 0.1) add('contact-deleted', 'list', contacts * 3)
  if (random() < 0.1) add('contact-merged', 'post', posts)
  if (random() < 0.1) add('contact-restored', 'post', posts)
  if (random() < 0.05) add('places-taken', 'create-schema', 2)
  return events
}

/** One thing that goes wrong, by name, and the scenario without it. */
export interface Ingredient {
  readonly name: string
  readonly text: string
  without(scenario: Scenario): Scenario
}

const PLAIN: Scenario['behaviour'] = {}

/** @returns everything in a scenario that can be left out */
export function ingredientsOf(scenario: Scenario): readonly Ingredient[] {
  return [
    ...scenario.wire.map((fault, index) => ({
      name: `wire${index}`,
      text: JSON.stringify(fault),
      without: (from: Scenario) => ({ ...from, wire: from.wire.filter((each) => each !== fault) }),
    })),
    ...scenario.fates.map((fate, index) => ({
      name: `fate${index}`,
      text: JSON.stringify(fate),
      without: (from: Scenario) => ({
        ...from,
        fates: from.fates.map((each) => (each === fate ? {} : each)),
      }),
    })),
    ...scenario.events.map((event, index) => ({
      name: `event${index}`,
      text: JSON.stringify(event),
      without: (from: Scenario) => ({ ...from, events: from.events.filter((each) => each !== event) }),
    })),
    ...Object.entries(scenario.behaviour).map(([name, value]) => ({
      name,
      text: `${name} = ${JSON.stringify(value)}`,
      without: (from: Scenario) => {
        const { [name]: _left, ...behaviour } = from.behaviour
        return { ...from, behaviour: { ...PLAIN, ...behaviour } }
      },
    })),
    {
      name: 'latency',
      text: JSON.stringify(scenario.latency),
      without: (from) => ({ ...from, latency: { min: 0, max: 0 } }),
    },
    { name: 'many', text: String(scenario.many), without: (from) => ({ ...from, many: 0 }) },
    ...(scenario.wayBack === undefined
      ? []
      : [
          {
            name: 'wayBack',
            text: `the way back after ${scenario.wayBack} processes`,
            without: (from: Scenario) => ({ ...from, wayBack: undefined }),
          },
        ]),
    ...(scenario.hotSample === undefined
      ? []
      : [
          {
            name: 'hot',
            text: `a hot final pass with a sample of ${scenario.hotSample}`,
            without: (from: Scenario) => ({ ...from, hotSample: undefined }),
          },
        ]),
    {
      name: 'canaryGate',
      text: String(scenario.canaryGate),
      without: (from) => ({ ...from, canaryGate: false }),
    },
    { name: 'misfits', text: String(scenario.misfits), without: (from) => ({ ...from, misfits: 0 }) },
    ...(scenario.rot
      ? [
          {
            name: 'rot',
            text: 'a byte of the snapshot changes',
            without: (from: Scenario) => ({ ...from, rot: false }),
          },
        ]
      : []),
  ]
}
