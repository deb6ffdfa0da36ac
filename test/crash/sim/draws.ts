/**
 * What else goes wrong, beyond what a scenario began with.
 * Guarantees: each kind is drawn from a stream of its own, so that taking one in or leaving it out changes nothing else
 * that a seed draws; a share of 0 leaves it out.
 */
import { between, pick, type Random, seededRandom } from '../../../src/sandbox/random.ts'
import type { Scenario, TenantEvent } from './scenario.ts'
import { FAULTS_AFTER, FAULTS_BEFORE, type RequestKind, type WireFault } from './wire.ts'

interface Draw {
  /** Of all seeds, how many have it. */
  readonly share: number
  draw(random: Random, scenario: Scenario): Partial<Scenario>
}

/** In this order: a later one knows what the earlier ones have drawn. */
const DRAWS: { readonly [stream: string]: Draw } = {
  /** So many contacts that a sample does not cover all of them, most without any history. */
  crowd: {
    share: 0.02,
    draw: (random) => ({ contacts: between(random, 30, 60), interactions: 1, many: 0 }),
  },
  /** The final pass leaves out contacts without history, but for a sample. */
  hot: { share: 0.12, draw: (random) => ({ hotSample: between(random, 1, 10) }) },
  /** A person looks at the canary. */
  'canary gate': { share: 0.12, draw: () => ({ canaryGate: true }) },
  /** Faults where one interaction, a contact or a count is asked for, or one interaction is deleted. */
  'small requests': { share: 0.25, draw: (random, { wire }) => ({ wire: [...wire, ...drawSmall(random)] }) },
  /** A schema is deleted or created long after the connection broke. */
  'late schemas': { share: 0.06, draw: (random, { wire }) => ({ wire: [...wire, drawLate(random)] }) },
  /** Others use up what the key may ask for in a second. */
  'spent rate': {
    share: 0.08,
    draw: (random, scenario) => withEvents(scenario, drawSpending(random, scenario)),
  },
  /** Contacts are merged, deleted and come back while the export reads them, or between it and the deletion. */
  'early moves': {
    share: 0.15,
    draw: (random, scenario) => withEvents(scenario, drawMoves(random, scenario)),
  },
  /** Others delete the schema in the midst of the import, and what was in it is shown for long. */
  'slow deletions': {
    share: 0.04,
    draw: (random, scenario) => ({
      ...withEvents(scenario, drawDeletion(random, scenario)),
      behaviour: { ...scenario.behaviour, deletionLag: between(random, 30_000, 110_000) },
    }),
  },
  /** Contacts that the list does not have. */
  newcomers: {
    share: 0.06,
    draw: (random, scenario) => withEvents(scenario, drawNewcomers(random, scenario)),
  },
  /** Others delete single interactions while pages are counted from the first: what comes behind them slips. */
  slips: { share: 0.05, draw: drawSlips },
  /** Another system posts what is equal to a record of history in everything but its id. */
  equals: { share: 0.08, draw: drawEquals },
}

/** To look into one kind: `SIM_DRAWS=slips,equals` has these in every seed, and no other. */
const FORCED = process.env['SIM_DRAWS']?.split(',')

/** @returns the scenario with all that its seed draws besides */
export function drawMore(scenario: Scenario): Scenario {
  let sum = scenario
  for (const [stream, { share, draw }] of Object.entries(DRAWS)) {
    const random = seededRandom(`${stream} ${scenario.seed}`)
    const dice = random()
    if (FORCED === undefined ? dice < share : FORCED.includes(stream)) sum = { ...sum, ...draw(random, sum) }
  }
  return sum
}

function withEvents(scenario: Scenario, events: readonly TenantEvent[]): Partial<Scenario> {
  return { events: [...scenario.events, ...events] }
}

function drawSmall(random: Random): WireFault[] {
  return Array.from({ length: between(random, 1, 4) }, (): WireFault => {
    const [of, most] = pick(random, [
      ['read-one', 12],
      ['remove-one', 3],
      ['other', 8],
    ] as const)
    const kind = pick(random, [...FAULTS_BEFORE, ...FAULTS_AFTER])
    return { of, at: between(random, 1, most), times: between(random, 1, 3), kind }
  })
}

/** A deletion lands while whoever sent it still asks, most of the time; that which would take a whole import away does not. */
function drawLate(random: Random): WireFault {
  const of = pick(random, ['delete-schema', 'create-schema'] as const)
  const kind = pick(random, ['lands-late', 'acts-late'] as const)
  return { of, at: between(random, 1, 2), times: 1, kind, delay: between(random, 1, 200) }
}

function drawSpending(random: Random, { contacts, interactions }: Scenario): TenantEvent[] {
  return Array.from({ length: between(random, 1, 3) }, (): TenantEvent => {
    const [of, most] = pick(random, [
      ['list', contacts * 4],
      ['post', contacts * interactions],
      ['schema', 20],
    ] as const)
    const at = between(random, 1, Math.max(1, most))
    const spell = { seconds: between(random, 1, 300), left: pick(random, [0, 0, 1, 5]) }
    return { what: 'rate-spent', of, at, contact: 0, spell }
  })
}

/**
 * What arrives after the base pass and is hidden from the final one by a merge can't be asked for, for nobody knows its
 * id: where something arrives meanwhile, nobody moves. The plan lists the contacts once, each pass again, and so do the
 * last checks.
 */
function drawMoves(random: Random, { contacts, events }: Scenario): TenantEvent[] {
  if (events.some(({ what, of }) => what === 'arrival' && of === 'list')) return []
  const when = (): { readonly of: RequestKind; readonly at: number } =>
    random() < 0.2
      ? { of: 'create-schema', at: 1 }
      : { of: 'list', at: between(random, contacts + 1, contacts * 4) }
  return Array.from({ length: between(random, 1, 3) }, (): TenantEvent => {
    const what = pick(random, [
      'contact-merged',
      'contact-merged',
      'contact-deleted',
      'contact-restored',
    ] as const)
    return { what, ...when(), contact: between(random, 0, 99) }
  })
}

function drawDeletion(random: Random, { contacts, interactions, many }: Scenario): TenantEvent[] {
  const at = between(random, 1, Math.max(1, contacts * interactions + many))
  return [{ what: 'deleted-by-others', of: 'post', at, contact: 0 }]
}

function drawNewcomers(random: Random, { contacts }: Scenario): TenantEvent[] {
  return Array.from({ length: between(random, 1, 2) }, (): TenantEvent => {
    const at = between(random, contacts + 1, contacts * 2)
    return { what: 'contact-created', of: 'list', at, contact: between(random, 0, 2) }
  })
}

function drawSlips(random: Random, scenario: Scenario): Partial<Scenario> {
  const events = Array.from(
    { length: between(random, 1, 3) },
    (): TenantEvent => ({
      what: 'interaction-deleted',
      of: 'next-page',
      at: between(random, 1, 8),
      contact: 0,
    }),
  )
  return {
    ...withEvents(scenario, events),
    many: Math.max(scenario.many, between(random, 55, 120)),
    behaviour: { ...scenario.behaviour, pages: 'shifting' },
  }
}

/** Half of them in a calm run, in which nothing can have been posted twice. */
function drawEquals(random: Random, scenario: Scenario): Partial<Scenario> {
  const posts = scenario.contacts * scenario.interactions + scenario.many
  const events = Array.from({ length: between(random, 1, 2) }, (): TenantEvent => {
    const at = between(random, 1, Math.max(1, posts))
    return { what: 'arrival-equal', of: 'post', at, contact: between(random, 0, 999) }
  })
  return { ...withEvents(scenario, events), ...(random() < 0.5 && { fates: [] }) }
}
