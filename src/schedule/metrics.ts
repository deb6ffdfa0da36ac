/**
 * What Prometheus is told of a backup, in the words of a node exporter's textfile collector.
 * Guarantees: pure; a run that fails takes nothing away from what the last good one has said of its schemas.
 */
import { EXIT, type ExitCode } from '../errors.ts'
import { gaugeText, type Labels, type Sample, samplesIn } from './exposition.ts'

/** A snapshot that a run has finished. */
export interface SnapshotFacts {
  /** When it was begun: milliseconds since the epoch. */
  readonly createdAt: number
  /** Whether every contact of the list was read, or found gone. */
  readonly complete: boolean
  /** As in its manifest. */
  readonly contacts: {
    readonly listed: number
    readonly read: number
    readonly empty: number
    readonly gone: number
    readonly failed: number
    readonly carried?: number | undefined
    /** The tenant's own count. */
    readonly counted?: number | undefined
  }
  /** Those of the snapshots that it follows included. */
  readonly interactions: number
  /** Of its own files. */
  readonly bytes: number
}

export interface RunFacts {
  readonly tenant: string
  /** When it ended: milliseconds since the epoch. */
  readonly at: number
  readonly durationMs: number
  readonly exit: ExitCode
  /** Each schema that the run was about, with the snapshot made of it; undefined where it made none. */
  readonly schemas: ReadonlyMap<string, SnapshotFacts | undefined>
}

/** What HELP says of each, in the order of the file. */
const GAUGES = {
  last_run_timestamp_seconds: 'When the last run ended, however it did.',
  last_run_exit_code:
    'Exit code of the last run: 0 complete, 1 failed, 2 wrong use, 4 a precondition, 5 incomplete, 130 interrupted.',
  duration_seconds: 'How long the last run took.',
  last_success_timestamp_seconds: 'When the last run ended that made a complete snapshot.',
  snapshot_timestamp_seconds: 'When the newest complete snapshot was begun.',
  snapshot_age_seconds: 'How old the newest complete snapshot was when this was written.',
  contacts:
    'Contacts of the newest snapshot. listed = read + gone + failed; empty are some of those read; carried were not asked for and are as in the snapshot before.',
  interactions: 'Interactions in the newest snapshot, with those of the snapshots that it follows.',
  bytes: 'Size of the newest snapshot, without the snapshots that it follows.',
  coverage_ratio:
    'Of the newest snapshot: contacts read or found gone, of those in the list; contacts read, of those that the tenant counts.',
} as const

type Gauge = keyof typeof GAUGES
const PREFIX = 'engage_migrate_backup_'

/**
 * @param earlier the text that the file has now; empty where there is none, and what can't be read of it counts as absent
 * @returns the text of the file
 */
export function metricsText(run: RunFacts, earlier: string): string {
  const { tenant, at, exit, durationMs } = run
  const known = samplesIn(earlier).filter(({ labels }) => labels['tenant'] === tenant)
  const samples = [
    sample('last_run_timestamp_seconds', { tenant }, at / 1_000),
    sample('last_run_exit_code', { tenant }, exit),
    sample('duration_seconds', { tenant }, durationMs / 1_000),
  ]
  for (const schemaId of schemasOf(run, known)) {
    const before = known.filter(({ labels }) => labels['schema_id'] === schemaId)
    samples.push(...schemaSamples({ tenant, schema_id: schemaId }, run, before))
  }
  return Object.entries(GAUGES)
    .map(([gauge, help]) => {
      const name = PREFIX + gauge
      return gaugeText(
        name,
        help,
        samples.filter((each) => each.name === name),
      )
    })
    .join('')
}

/** A run that fails may not have come as far as to know what it is about: that is what the one before was about. */
function schemasOf({ schemas, exit }: RunFacts, known: readonly Sample[]): readonly string[] {
  const before = exit === EXIT.done ? [] : known.map(({ labels }) => labels['schema_id'])
  return [...new Set([...schemas.keys(), ...before])].filter((id) => id !== undefined).sort()
}

function schemaSamples(labels: SchemaLabels, run: RunFacts, before: readonly Sample[]): readonly Sample[] {
  const snapshot = run.schemas.get(labels.schema_id)
  const complete = snapshot?.complete === true
  const success = complete ? run.at / 1_000 : figureOf(before, 'last_success_timestamp_seconds')
  const created = complete ? snapshot.createdAt / 1_000 : figureOf(before, 'snapshot_timestamp_seconds')
  return [
    ...(success === undefined ? [] : [sample('last_success_timestamp_seconds', labels, success)]),
    ...(created === undefined
      ? []
      : [
          sample('snapshot_timestamp_seconds', labels, created),
          sample('snapshot_age_seconds', labels, run.at / 1_000 - created),
        ]),
    ...(snapshot === undefined
      ? before.filter(({ name }) => OF_NEWEST.some((gauge) => name === PREFIX + gauge))
      : newestSamples(labels, snapshot)),
  ]
}

type SchemaLabels = Labels & { readonly schema_id: string }

const OF_NEWEST = ['contacts', 'interactions', 'bytes', 'coverage_ratio'] as const satisfies readonly Gauge[]

function newestSamples(labels: Labels, { contacts, interactions, bytes }: SnapshotFacts): readonly Sample[] {
  const { listed, read, empty, gone, failed, carried = 0, counted } = contacts
  const states = { listed, read, empty, gone, failed, carried }
  return [
    ...Object.entries(states).map(([state, count]) => sample('contacts', { ...labels, state }, count)),
    sample('interactions', labels, interactions),
    sample('bytes', labels, bytes),
    // Of nothing there is no share.
    ...(listed === 0 ? [] : [sample('coverage_ratio', { ...labels, of: 'list' }, (read + gone) / listed)]),
    ...(counted === undefined || counted === 0
      ? []
      : [sample('coverage_ratio', { ...labels, of: 'tenant' }, read / counted)]),
  ]
}

function sample(gauge: Gauge, labels: Labels, value: number): Sample {
  return { name: PREFIX + gauge, labels, value }
}

function figureOf(samples: readonly Sample[], gauge: Gauge): number | undefined {
  return samples.find(({ name }) => name === PREFIX + gauge)?.value
}
