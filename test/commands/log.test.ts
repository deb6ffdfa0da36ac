/** What a collector of logs reads with --log-format ndjson, and that nothing else changes by it. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/commands/output.ts'
import { EXIT, OperatorError } from '../../src/errors.ts'
import { assertFit, launch } from '../cli/harness.ts'
import { createManualClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'

const AT = '2024-01-01T00:00:00.000Z'
const EVIL = '\u001b[2J\u009b31m\u202eleft\n"\\'

function output(json: boolean, isTTY = false) {
  const written = { out: '', err: '' }
  const sink = (name: 'out' | 'err') => ({
    write: (text: string) => {
      written[name] += text
    },
    isTTY,
    columns: 20,
  })
  const clock = createManualClock()
  const made = new Output(sink('out'), sink('err'), clock, json, 'npm run -s engage-migrate --', 'ndjson')
  return { written, clock, output: made }
}

function entries(text: string): readonly unknown[] {
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

describe('As NDJSON', () => {
  test.each([true, false])(
    'all that is said is on standard error, each in its line (with --json: %s)',
    (json) => {
      const { output: to, written } = output(json)
      to.say('Two\nlines, and long ones are not broken, whatever the terminal; engage-migrate status')
      to.say('')
      to.interruption('Stopping.')
      to.error(new OperatorError({ what: 'No.', safe: 'All of it.', exit: EXIT.precondition }))
      to.result({ one: 1 })
      expect(entries(written.err)).toEqual([
        {
          at: AT,
          level: 'info',
          text: 'Two\nlines, and long ones are not broken, whatever the terminal; npm run -s engage-migrate -- status',
        },
        { at: AT, level: 'info', text: 'Stopping.' },
        { at: AT, level: 'error', text: 'No.', safe: 'All of it.', next: null, exit: 4 },
      ])
      expect(written.out).toBe(json ? '{"one":1}\n' : '')
    },
  )

  test('progress comes now and then and at the end of a phase, also on a terminal', async () => {
    const { output: to, written, clock } = output(true, true)
    const phase = 'reading contacts'
    to.progress({ phase, done: 1, total: 100, doneHere: 1 })
    await clock.advance(5_000)
    to.progress({ phase, done: 50, total: 100, doneHere: 50 })
    await clock.advance(5_000)
    to.progress({ phase, done: 60, total: 100, doneHere: 60 })
    to.progress({ phase, done: 100, total: 100, doneHere: 100 })
    await clock.advance(10_000)
    to.progress({ phase: 'more', done: 0, total: undefined, doneHere: 0 })
    await clock.advance(10_000)
    to.progress({ phase: 'more', done: 7, total: undefined, doneHere: 7 })
    to.say('said')
    const at = (seconds: number): string => `2024-01-01T00:00:${seconds}.000Z`
    expect(entries(written.err)).toEqual([
      {
        at: at(10),
        level: 'progress',
        text: expect.stringMatching(/^reading contacts 60\/100, /),
        phase,
        done: 60,
        total: 100,
      },
      {
        at: at(10),
        level: 'progress',
        text: expect.stringMatching(/^reading contacts 100\/100, /),
        phase,
        done: 100,
        total: 100,
      },
      { at: at(30), level: 'progress', text: 'more 7, 0.7/s', phase: 'more', done: 7, total: null },
      { at: at(30), level: 'info', text: 'said' },
    ])
  })

  test('nothing steers a terminal, neither the line nor what it says', () => {
    const { output: to, written } = output(true)
    to.say(EVIL)
    to.interruption(EVIL)
    to.error(new OperatorError({ what: EVIL, safe: EVIL, next: EVIL, exit: EXIT.failed }))
    to.progress({ phase: EVIL, done: 1, total: 1, doneHere: 1 })
    assertFit(written.err)
    const all = entries(written.err)
    expect(all).toHaveLength(4)
    for (const entry of all) {
      for (const value of Object.values(entry as object)) assertFit(String(value))
      expect(JSON.stringify(entry)).toContain('u202eleft')
    }
  })
})

describe('The command line', () => {
  test.each([{ flags: ['--log-format', 'ndjson'] }, { flags: ['--log-format=ndjson'] }])(
    'takes $flags for every command',
    async ({ flags }) => {
      const folder = await temporaryFolder()
      const data = { ENGAGE_MIGRATE_DATA: join(folder, 'data') }
      const listed = await launch(['snapshots', 'list', ...flags, '--json'], folder, data).ended
      expect(listed).toMatchObject({ code: 0, json: { snapshots: [] } })
      expect(entries(listed.stderr)).toMatchObject([
        { level: 'info', text: expect.stringContaining('There are no snapshots') },
      ])
      const refused = await launch(['status', 'nothing', ...flags], folder, data).ended
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(entries(refused.stderr)).toMatchObject([{ level: 'error', exit: 2 }])
      const misused = await launch(['status', '--nonsense', ...flags, '--json'], folder, data).ended
      expect(misused).toMatchObject({ code: 2, json: { error: { exit: 2 } } })
      expect(entries(misused.stderr)).toMatchObject([{ level: 'error', exit: 2 }])
    },
  )

  test('refuses a form that it does not have', async () => {
    const { code, stderr } = await launch(['status', '--log-format', 'xml'], await temporaryFolder()).ended
    expect(code).toBe(2)
    expect(stderr).toMatch(/log-format.*xml/)
  })
})
