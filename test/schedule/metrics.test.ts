/** What a node exporter reads: held against a strict reading of Prometheus' text format. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { metricsText, type RunFacts, type SnapshotFacts } from '../../src/schedule/metrics.ts'
import { checkMetricsFile, readMetrics, writeMetrics } from '../../src/schedule/metrics-file.ts'
import { temporaryFolder } from '../support/folder.ts'

const NIGHT = Date.UTC(2026, 0, 1, 2)
const DAY = 86_400_000

const SNAPSHOT: SnapshotFacts = {
  createdAt: NIGHT - 600_000,
  complete: true,
  contacts: { listed: 100, read: 95, empty: 40, gone: 5, failed: 0, counted: 96 },
  interactions: 1_234,
  bytes: 56_789,
}

function run(changes: Partial<RunFacts> = {}): RunFacts {
  const schemas = new Map([['wishlist', SNAPSHOT]])
  return { tenant: 'acme', at: NIGHT, durationMs: 600_500, exit: EXIT.done, schemas, ...changes }
}

/**
 * Reads the text as its specification has it, and throws at whatever is not in it: names and labels of any other
 * form, an escape that does not exist, a sample that comes twice, a family that is torn apart, or lacks HELP or TYPE.
 * @returns the value of each sample, under its name and sorted labels
 */
function read(text: string): Record<string, number> {
  const samples: Record<string, number> = {}
  const families: string[] = []
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const lines = text.slice(0, -1).split('\n')
  for (const [at, line] of lines.entries()) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$/.exec(line)?.[1]
    if (help !== undefined) {
      if (families.includes(help)) throw new Error(`${help} comes twice`)
      if (lines[at + 1] !== `# TYPE ${help} gauge`) throw new Error(`${help} has no TYPE`)
      families.push(help)
      continue
    }
    if (line === `# TYPE ${families.at(-1)} gauge`) continue
    const [, name = '', labels = '', value = ''] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\\\|\\n|\\")*"(?:,(?!\})|(?=\})))*)\} (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.exec(
        line,
      ) ?? []
    if (name !== families.at(-1)) throw new Error(`line ${at + 1} is none of ${families.at(-1)}: ${line}`)
    const sorted = Array.from(labels.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g), ([, label, quoted = '']) => {
      return `${label}=${JSON.parse(quoted)}`
    }).sort()
    const key = `${name.replace('engage_migrate_backup_', '')} ${sorted.join(' ')}`
    if (key in samples) throw new Error(`${key} comes twice`)
    samples[key] = Number(value)
  }
  return samples
}

describe('The metrics', () => {
  test('of a complete backup', () => {
    expect(read(metricsText(run(), ''))).toEqual({
      'last_run_timestamp_seconds tenant=acme': NIGHT / 1_000,
      'last_run_exit_code tenant=acme': 0,
      'duration_seconds tenant=acme': 600.5,
      'last_success_timestamp_seconds schema_id=wishlist tenant=acme': NIGHT / 1_000,
      'snapshot_timestamp_seconds schema_id=wishlist tenant=acme': NIGHT / 1_000 - 600,
      'snapshot_age_seconds schema_id=wishlist tenant=acme': 600,
      'contacts schema_id=wishlist state=listed tenant=acme': 100,
      'contacts schema_id=wishlist state=read tenant=acme': 95,
      'contacts schema_id=wishlist state=empty tenant=acme': 40,
      'contacts schema_id=wishlist state=gone tenant=acme': 5,
      'contacts schema_id=wishlist state=failed tenant=acme': 0,
      'contacts schema_id=wishlist state=carried tenant=acme': 0,
      'interactions schema_id=wishlist tenant=acme': 1_234,
      'bytes schema_id=wishlist tenant=acme': 56_789,
      'coverage_ratio of=list schema_id=wishlist tenant=acme': 1,
      'coverage_ratio of=tenant schema_id=wishlist tenant=acme': 95 / 96,
    })
  })

  test('of a run that made no snapshot keep what the last good one has said, and let it grow old', () => {
    const good = metricsText(run(), '')
    const later = { at: NIGHT + DAY, exit: EXIT.failed, durationMs: 1_000 }
    const expected = {
      ...read(good),
      'last_run_timestamp_seconds tenant=acme': (NIGHT + DAY) / 1_000,
      'last_run_exit_code tenant=acme': 1,
      'duration_seconds tenant=acme': 1,
      'snapshot_age_seconds schema_id=wishlist tenant=acme': 600 + 86_400,
    }
    const named = metricsText(run({ ...later, schemas: new Map([['wishlist', undefined]]) }), good)
    expect(read(named)).toEqual(expected)
    const unnamed = metricsText(run({ ...later, schemas: new Map() }), good)
    expect(read(unnamed)).toEqual(expected)
    expect(read(metricsText(run({ ...later, schemas: new Map() }), unnamed))).toEqual(expected)
  })

  test('of an incomplete backup have its own figures and the success of the one before', () => {
    const contacts = { listed: 100, read: 90, empty: 40, gone: 5, failed: 5, carried: 60 }
    const incomplete = { ...SNAPSHOT, createdAt: NIGHT + DAY, complete: false, contacts }
    const samples = read(
      metricsText(
        run({ at: NIGHT + DAY, exit: EXIT.differences, schemas: new Map([['wishlist', incomplete]]) }),
        metricsText(run(), ''),
      ),
    )
    expect(samples).toMatchObject({
      'last_success_timestamp_seconds schema_id=wishlist tenant=acme': NIGHT / 1_000,
      'snapshot_age_seconds schema_id=wishlist tenant=acme': 600 + 86_400,
      'contacts schema_id=wishlist state=failed tenant=acme': 5,
      'contacts schema_id=wishlist state=carried tenant=acme': 60,
      'coverage_ratio of=list schema_id=wishlist tenant=acme': 0.95,
    })
    expect(samples).not.toHaveProperty(['coverage_ratio of=tenant schema_id=wishlist tenant=acme'])
  })

  test('of a first run that fails have no success to tell of', () => {
    const samples = read(metricsText(run({ exit: EXIT.failed, schemas: new Map([['a', undefined]]) }), ''))
    expect(Object.keys(samples)).toEqual([
      'last_run_timestamp_seconds tenant=acme',
      'last_run_exit_code tenant=acme',
      'duration_seconds tenant=acme',
    ])
  })

  test('of a run that went well forget a schema that it is not about, and nothing is told of another tenant', () => {
    const schemas = new Map([
      ['wishlist', SNAPSHOT],
      ['old', SNAPSHOT],
    ])
    const before = metricsText(run({ schemas }), '')
    expect(before).toContain('"old"')
    expect(metricsText(run(), before)).not.toContain('"old"')
    const failed = run({ tenant: 'other', exit: EXIT.failed, schemas: new Map() })
    expect(metricsText(failed, before)).not.toContain('acme')
  })

  test('of names that need escapes are one line each, and come back through the file', () => {
    const odd = 'a"b\\c\nd\\n}{=,é'
    const facts = run({ tenant: odd, schemas: new Map([[odd, SNAPSHOT]]) })
    const key = `last_success_timestamp_seconds schema_id=${odd} tenant=${odd}`
    const good = metricsText(facts, '')
    expect(read(good)[key]).toBe(NIGHT / 1_000)
    const failed = { ...facts, at: NIGHT + DAY, exit: EXIT.failed, schemas: new Map<string, undefined>() }
    expect(read(metricsText(failed, good))[key]).toBe(NIGHT / 1_000)
  })

  test('are made from a file that is damaged as far as it can be read', () => {
    const good = metricsText(run(), '')
    const cut = good.slice(0, good.indexOf('engage_migrate_backup_contacts{') + 40)
    const damaged = `\u0000\u0001{}\n${cut}`
    const failed = run({ at: NIGHT + DAY, exit: EXIT.failed, schemas: new Map() })
    const samples = read(metricsText(failed, damaged))
    expect(samples['last_success_timestamp_seconds schema_id=wishlist tenant=acme']).toBe(NIGHT / 1_000)
    const wrong =
      'engage_migrate_backup_last_success_timestamp_seconds{tenant="acme",schema_id="wishlist"} soon\n'
    expect(metricsText(failed, wrong)).not.toContain('wishlist')
  })

  test('of an empty list and an empty tenant have no share of nothing', () => {
    const contacts = { listed: 0, read: 0, empty: 0, gone: 0, failed: 0, counted: 0 }
    const text = metricsText(run({ schemas: new Map([['wishlist', { ...SNAPSHOT, contacts }]]) }), '')
    expect(read(text)).toHaveProperty(['contacts schema_id=wishlist state=listed tenant=acme'], 0)
    expect(text).not.toContain('coverage_ratio')
  })
})

describe('The file', () => {
  test('is replaced whole, can be read by others whatever the umask, and leaves nothing beside it', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'backup.prom')
    expect(await readMetrics(file)).toBe('')
    const umask = process.umask(0o077)
    try {
      await writeMetrics(file, 'one\n')
      await writeMetrics(file, 'two\n')
    } finally {
      process.umask(umask)
    }
    expect(await readMetrics(file)).toBe('two\n')
    expect((await stat(file)).mode & 0o777).toBe(0o644)
    expect(await readdir(folder)).toEqual(['backup.prom'])
  })

  test('stays as it is where the disk refuses', async () => {
    const folder = await temporaryFolder()
    // A folder of that name: the text is written beside it, and then can't take its place.
    const file = join(folder, 'backup.prom')
    await mkdir(file)
    await writeFile(join(file, 'inside'), 'kept')
    await expect(writeMetrics(file, 'x')).rejects.toMatchObject({ exit: EXIT.failed })
    expect(await readFile(join(file, 'inside'), 'utf8')).toBe('kept')
    expect(await readdir(folder)).toEqual(['backup.prom'])
    await expect(writeMetrics(join(folder, 'none/backup.prom'), 'x')).rejects.toThrow(/ENOENT/)
  })

  test('that nobody would read, or whose folder is not there, is refused before the run', async () => {
    const folder = await temporaryFolder()
    await checkMetricsFile(join(folder, 'backup.prom'))
    for (const wrong of [join(folder, 'backup.txt'), join(folder, 'none/backup.prom')])
      await expect(checkMetricsFile(wrong)).rejects.toMatchObject({ exit: EXIT.usage })
  })
})
