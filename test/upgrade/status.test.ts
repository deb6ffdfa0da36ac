/** Where a run is, from its journal alone. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import { BACK, FORTH, verificationNote } from '../../src/upgrade/lot.ts'
import { DRY_RUN, FAILURE, holdsHistory, openGate, statusOf } from '../../src/upgrade/status.ts'
import { openBench } from '../support/bench.ts'
import { failureOf } from '../support/failure.ts'
import { approve, go, planRun, type Run, sign, walk } from '../support/run.ts'

function emptyJournal(): Journal {
  const journal = openJournal('', openBench({ contacts: 0 }).clock)
  onTestFinished(() => journal[Symbol.dispose]())
  return journal
}

function stateOf({ plan, journal }: Run, held = false): string {
  return statusOf(plan, journal, held).state
}

describe('holdsHistory', () => {
  it('is said from the intent to delete until the history is verified', () => {
    const journal = emptyJournal()
    expect(holdsHistory(journal)).toBe(false)
    journal.events.append('started', 'deletion')
    expect(holdsHistory(journal)).toBe(false)
    journal.events.append('intent', 'deletion')
    expect(holdsHistory(journal)).toBe(true)
    journal.events.append('finished', 'deletion')
    journal.events.append('finished', 'import')
    expect(holdsHistory(journal)).toBe(true)
    journal.events.append('note', verificationNote(FORTH), { missing: 1 })
    expect(holdsHistory(journal)).toBe(true)
    journal.events.append('note', verificationNote(FORTH), { missing: 0 })
    expect(holdsHistory(journal)).toBe(false)
  })

  it('on the way back is said until that is verified', () => {
    const journal = emptyJournal()
    journal.events.append('intent', 'deletion')
    journal.events.append('signed', 'roll-back')
    journal.events.append('finished', 'roll-back-import')
    expect(holdsHistory(journal)).toBe(true)
    journal.events.append('note', verificationNote(BACK), { missing: 0 })
    expect(holdsHistory(journal)).toBe(false)
  })
})

describe('openGate', () => {
  it('is the gate that the run has come to last, until anything else happens', () => {
    const journal = emptyJournal()
    expect(openGate(journal)).toBeNull()
    journal.events.append('opened', 'canary-seen')
    journal.events.append('opened', 'roll-back')
    expect(openGate(journal)).toBe('roll-back')
    journal.events.append('started', 'import')
    expect(openGate(journal)).toBeNull()
  })
})

describe('the state of a run', () => {
  it('is waiting at a gate, ready once it is signed, running while held, done at its end', async () => {
    const run = await planRun(openBench({ contacts: 8 }))
    await walk(run, 'automations-paused')
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({
      state: 'waiting',
      gate: 'automations-paused',
      steps: [{ state: 'done' }, { state: 'active' }, { state: 'pending' }, {}, {}],
    })
    sign(run, 'automations-paused')
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({ state: 'ready', gate: null })
    expect(stateOf(run, true)).toBe('running')
    await walk(run)
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({
      state: 'done',
      gate: null,
      failure: null,
      remaining: { calls: 0, seconds: 0 },
    })
  })

  it('is failed, with what and what next, where the last command left a failure, until one goes on', async () => {
    const bench = openBench({ contacts: 8 })
    const run = await planRun(bench)
    await walk(run, 'automations-paused')
    const failure = { what: 'It broke.', next: 'Mend it.' }
    run.journal.events.append('note', FAILURE, failure)
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({ state: 'failed', failure })
    expect(stateOf(run, true)).toBe('running')
    await go(run)
    expect(statusOf(run.plan, run.journal, false)).toMatchObject({ state: 'waiting', failure: null })
  })

  it('is ready after a dry run, and interrupted where the last command just stopped', async () => {
    const bench = openBench({ contacts: 8 })
    const run = await planRun(bench)
    await approve(run)
    bench.sandbox.setFaults([{ method: 'POST', path: '/interactions$', kind: '500', times: 'always' }])
    await failureOf(go(run))
    // Nobody has written down a failure: a process that was killed can't.
    expect(stateOf(run)).toBe('interrupted')
    expect(statusOf(run.plan, run.journal, false).steps.at(-1)?.detail).toContain('posting one interaction')
    run.journal.events.append('note', DRY_RUN)
    expect(stateOf(run)).toBe('ready')
  })
})
