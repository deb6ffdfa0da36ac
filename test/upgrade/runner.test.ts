import { describe, expect, it, onTestFinished } from 'vitest'
import { openJournal } from '../../src/journal/journal.ts'
import { runStrategy } from '../../src/upgrade/runner.ts'
import { strategyOf } from '../../src/upgrade/status.ts'
import type { Action, Gate, Strategy, WriteContext } from '../../src/upgrade/strategy.ts'
import { held, openBench } from '../support/bench.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { planRun, sign, walk } from '../support/run.ts'

interface Stage {
  readonly context: WriteContext
  /** What was done, in order. */
  readonly did: string[]
  work(name: string, kind: 'read' | 'write', act?: () => void): Action
  gate(name: string, needed?: boolean): Gate
}

function stage(): Stage {
  const bench = openBench({ contacts: 0 })
  const journal = openJournal('', bench.clock)
  onTestFinished(() => journal[Symbol.dispose]())
  const did: string[] = []
  return {
    // Only what the runner itself uses.
    context: { journal, writer: bench.writer, say: () => {} } as unknown as WriteContext,
    did,
    work: (name, kind, act) => ({
      kind,
      name,
      title: name,
      async run(context: object) {
        did.push(`${name}${'writer' in context && kind === 'write' ? '+' : ''}`)
        act?.()
        return { name }
      },
    }),
    gate: (name, needed = true) => ({
      kind: 'gate',
      name,
      title: name,
      request: () => (needed ? { asks: [name], needs: [] } : undefined),
    }),
  }
}

function stepsOf(...actions: readonly Action[]): Strategy {
  return actions.map((action) => ({
    name: `step ${action.name}`,
    title: '',
    actions: [action],
  }))
}

describe('the runner', () => {
  it('does one action after the other, and none twice', async () => {
    const { context, did, work } = stage()
    const strategy = stepsOf(work('a', 'read'), work('b', 'write'), work('c', 'read'))
    expect(await runStrategy(strategy, context, context.writer)).toEqual({ state: 'done' })
    expect(await runStrategy(strategy, context, context.writer)).toEqual({ state: 'done' })
    expect(did).toEqual(['a', 'b+', 'c'])
    expect(context.journal.events.all().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'started a',
      'finished a',
      'started b',
      'finished b',
      'started c',
      'finished c',
    ])
    expect(context.journal.events.latest('b', 'finished')?.detail).toEqual({ name: 'b' })
  })

  it('goes on with the action that failed', async () => {
    const { context, did, work } = stage()
    let broken = true
    const strategy = stepsOf(
      work('a', 'read'),
      work('b', 'write', () => {
        if (broken) throw new Error('broken')
      }),
      work('c', 'write'),
    )
    expect(await failureOf(runStrategy(strategy, context, context.writer))).toMatchObject({
      message: 'broken',
    })
    expect(did).toEqual(['a', 'b+'])
    broken = false
    await runStrategy(strategy, context, context.writer)
    expect(did).toEqual(['a', 'b+', 'b+', 'c+'])
  })

  it('passes no gate that is not signed, however often it is asked', async () => {
    const { context, did, work, gate } = stage()
    const strategy = stepsOf(work('a', 'read'), gate('g'), work('b', 'write'))
    const waiting = { state: 'waiting', gate: 'g', request: { asks: ['g'], needs: [] } }
    expect(await runStrategy(strategy, context, context.writer)).toEqual(waiting)
    expect(await runStrategy(strategy, context, context.writer)).toEqual(waiting)
    expect(did).toEqual(['a'])
    context.journal.events.append('signed', 'g', { by: 'Ada' })
    expect(await runStrategy(strategy, context, context.writer)).toEqual({ state: 'done' })
    expect(did).toEqual(['a', 'b+'])
  })

  it('goes past a gate that has nothing to ask', async () => {
    const { context, did, work, gate } = stage()
    const strategy = stepsOf(gate('g', false), work('b', 'write'))
    expect(await runStrategy(strategy, context, context.writer)).toEqual({ state: 'done' })
    expect(did).toEqual(['b+'])
  })

  it('does again what was withdrawn, gates too', async () => {
    const { context, did, work, gate } = stage()
    const strategy = stepsOf(gate('g'), work('a', 'read'), work('b', 'read'))
    context.journal.events.append('signed', 'g')
    await runStrategy(strategy, context, context.writer)
    context.journal.events.append('withdrawn', 'g')
    context.journal.events.append('withdrawn', 'a')
    expect(await runStrategy(strategy, context, context.writer)).toMatchObject({
      state: 'waiting',
      gate: 'g',
    })
    context.journal.events.append('signed', 'g')
    await runStrategy(strategy, context, context.writer)
    expect(did).toEqual(['a', 'b', 'a'])
  })

  it('ends a dry run before the first gate and before the first write, and gives nobody a writer', async () => {
    const { context, did, work, gate } = stage()
    const { writer: _writer, ...reading } = context
    const byGate = stepsOf(work('a', 'read'), gate('g'), work('b', 'write'))
    expect(await runStrategy(byGate, reading, undefined)).toEqual({ state: 'dry-run-ends', before: 'g' })
    const byWrite = stepsOf(work('c', 'read'), work('d', 'write'))
    expect(await runStrategy(byWrite, reading, undefined)).toEqual({ state: 'dry-run-ends', before: 'd' })
    expect(did).toEqual(['a', 'c'])
    expect(reading.journal.events.latest('g')).toBeUndefined()
  })
})

describe('a dry run of an upgrade', () => {
  it('reads, and sends nothing but GETs', async () => {
    const bench = openBench({ contacts: 8 })
    const history = held(bench)
    const run = await planRun(bench)
    const outcome = await runStrategy(strategyOf(run.journal), run.context, undefined)
    expect(outcome).toEqual({ state: 'dry-run-ends', before: 'automations-paused' })
    const routes = Object.keys(bench.sandbox.stats().byRoute)
    expect(routes.every((route) => route.startsWith('GET '))).toBe(true)
    expect(held(bench)).toEqual(history)
  })
})

describe('signing', () => {
  it('is refused before the run has come to the gate, and for a gate that there is not', async () => {
    const run = await planRun(openBench({ contacts: 5 }))
    expect(thrownBy(() => sign(run, 'delete-schema'))).toMatchObject({ name: 'OperatorError', exit: 4 })
    expect(thrownBy(() => sign(run, 'automations-paused'))).toMatchObject({ exit: 4 })
    expect(thrownBy(() => sign(run, 'no-such-gate'))).toMatchObject({ exit: 2 })
    expect(thrownBy(() => sign(run, 'roll-back'))).toMatchObject({ exit: 4 })
    expect(run.journal.events.all()).toEqual([])
  })

  it('is kept with who, what was asked, and for which plan; a second time changes nothing', async () => {
    const run = await planRun(openBench({ contacts: 5 }))
    await walk(run, 'automations-paused')
    expect(sign(run, 'automations-paused', { note: 'both' })).toBe('signed')
    const { length } = run.journal.events.all()
    expect(sign(run, 'automations-paused', { by: 'Grace' })).toBe('before')
    expect(run.journal.events.all()).toHaveLength(length)
    expect(run.journal.events.latest('automations-paused', 'signed')?.detail).toMatchObject({
      by: 'Ada',
      note: 'both',
      planDigest: 'digest',
      request: { needs: [] },
    })
  })

  it('of the deletion needs the id of the schema, and the right one', async () => {
    const bench = openBench({ contacts: 5 })
    const run = await planRun(bench)
    await walk(run, 'delete-schema')
    for (const confirm of [null, '', 'completedproductrating', `${bench.schema.id} `]) {
      expect(thrownBy(() => sign(run, 'delete-schema', { confirm }))).toMatchObject({ exit: 4 })
    }
    expect(run.journal.events.latest('delete-schema', 'signed')).toBeUndefined()
    expect(sign(run, 'delete-schema')).toBe('signed')
  })

  it('of a gate that was withdrawn takes the run to open it again', async () => {
    const run = await planRun(openBench({ contacts: 5 }))
    await walk(run, 'producers-stopped')
    sign(run, 'producers-stopped')
    run.journal.events.append('withdrawn', 'producers-stopped', { reason: 'late' })
    expect(thrownBy(() => sign(run, 'producers-stopped'))).toMatchObject({ exit: 4 })
    await walk(run, 'producers-stopped')
    expect(sign(run, 'producers-stopped')).toBe('signed')
  })
})
