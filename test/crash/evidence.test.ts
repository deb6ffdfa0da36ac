/** What the campaign notices in the files that a run leaves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { assertDifferencesNamed, assertNamed, type Known } from './sim/evidence.ts'

const record = (id: string, contactId: string, text: string): Interaction => ({
  id,
  contactId,
  schemaId: 's',
  createdDate: '2025-01-01T00:00:00Z',
  payload: { text },
})

const OLD = [record('old1', 'a', 'one'), record('old2', 'a', 'two')]
const NEW = [record('new1', 'a', 'one'), record('new2', 'a', 'two')]
const BOTH = [
  { oldId: 'old1', newId: 'new1' },
  { oldId: 'old2', newId: 'new2' },
]

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engage-migrate-evidence-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function left(name: string, lines: readonly unknown[]): void {
  writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

const known: Known = {
  truth: OLD,
  canBeKnown: () => true,
  wasTaken: (id) => id === 'taken',
  held: (id) => NEW.find((each) => each.id === id),
  key: ({ contactId, payload }) => `${contactId} ${String(payload['text'])}`,
}

describe('What a run leaves', () => {
  test('is right where each record is named once', () => {
    left('id-map.ndjson', BOTH)
    expect(() => assertNamed(folder, known)).not.toThrow()
    left('id-map.ndjson', BOTH.slice(1))
    left('rejected.ndjson', [{ reason: 'gone', record: OLD[0] }])
    expect(() => assertNamed(folder, known)).not.toThrow()
  })

  test.each([
    ['a record that nothing names', BOTH.slice(1), [], /names 1 records, such as old1/],
    ['a record that is back and refused', BOTH, [OLD[0]], /back and refused at once: old1/],
    ['one that became another', [{ oldId: 'old1', newId: 'new2' }], [OLD[1]], /which is another record/],
    ['an id that is not there', [{ oldId: 'old1', newId: 'new3' }], [OLD[1]], /does not have: new3/],
    ['an id that nobody knows', [...BOTH, { oldId: 'old3', newId: 'new3' }], [], /does not have: new3/],
    ['an old id twice', [...BOTH, BOTH[0]], [], /names an old id twice: old1/],
    ['a new id twice', [BOTH[0], { oldId: 'old2', newId: 'new1' }], [], /names a new id twice: new1/],
    ['one refused twice', BOTH.slice(1), [OLD[0], OLD[0]], /names a record twice: old1/],
  ] as const)('is wrong with %s', (_what, mapped, refused, told) => {
    left('id-map.ndjson', mapped)
    left(
      'rejected.ndjson',
      refused.map((each) => ({ reason: 'gone', record: each })),
    )
    expect(() => assertNamed(folder, known)).toThrow(told)
  })

  test('is wrong where the figures of an exit code 5 are not named', () => {
    const verification = { missing: 1, extra: 2, foreign: 0, altered: 0 }
    const one = { contactId: 'a', gone: false, missing: [7], extra: ['x', 'y'], foreign: [], altered: [] }
    left('differences.ndjson', [one])
    expect(() => assertDifferencesNamed(folder, verification)).not.toThrow()
    left('differences.ndjson', [{ ...one, extra: ['x'] }])
    expect(() => assertDifferencesNamed(folder, verification)).toThrow(/names 1 extra, and the run says 2/)
    left('differences.ndjson', [])
    expect(() => assertDifferencesNamed(folder, verification)).toThrow(/names 0 missing/)
  })
})
