/** What `--all` is about: which schemas it takes, and which it must not pass over in silence. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { type Bench, openBench } from '../support/bench.ts'
import { openDesk } from './desk.ts'

const DAY_MS = 86_400_000

/** A tenant with another schema, called `copy`. */
function openTwo(): Bench {
  const bench = openBench()
  const schema = { ...bench.schema, id: 'copy' }
  bench.sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
  return bench
}

describe('a schema that was backed up before and is not in the tenant any more', () => {
  it('is left out with the reason, is no success, and its figures stay', async () => {
    const bench = openTwo()
    const desk = await openDesk(bench)
    const metrics = join(desk.data, 'backup.prom')
    const args = { all: true, since: 'latest', 'metrics-file': metrics }
    const first = await desk.backUp(args)
    expect(first, first.said).toMatchObject({ code: EXIT.done })
    bench.sandbox.tenant.apply({ type: 'schema-deleted', id: 'copy' })
    await bench.clock.advance(DAY_MS)
    const next = await desk.backUp(args)
    expect(next, next.said).toMatchObject({
      code: EXIT.differences,
      json: {
        state: 'incomplete',
        snapshots: [{ schemaId: bench.schema.id, links: 2 }],
        leftOut: [{ schemaId: 'copy' }],
      },
    })
    expect(next.said).toContain('LEFT OUT: copy: it is not in the tenant any more')
    expect(readFileSync(metrics, 'utf8')).toMatch(/backup_interactions\{[^}]*"copy"/)
    await bench.clock.advance(DAY_MS)
    const meant = await desk.backUp({ ...args, except: ['copy,other'] })
    expect(meant, meant.said).toMatchObject({ code: EXIT.done, json: { leftOut: [] } })
    expect(meant.said).toContain('Left out on purpose: copy')
    expect(meant.said).toContain('--except names other, which is neither')
  })
})

describe('--except', () => {
  it('leaves out a schema that is there, and goes with --all only', async () => {
    const bench = openTwo()
    const desk = await openDesk(bench)
    const done = await desk.backUp({ all: true, except: ['copy'] })
    expect(done, done.said).toMatchObject({
      code: EXIT.done,
      json: { snapshots: [{ schemaId: bench.schema.id }], leftOut: [] },
    })
    expect(done.said).toContain('Left out on purpose: copy')
    const wrong = await desk.backUp({ schemaIds: [bench.schema.id], except: ['copy'] })
    expect(wrong).toMatchObject({ code: EXIT.usage })
  })
})
