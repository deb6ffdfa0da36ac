/** When a lock's holder is dead for certain, and when that only seems so. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Holder,
  holderText,
  readHolder,
  thisProcess,
  whyNotDead,
  writeHolder,
} from '../../src/journal/holder.ts'
import { temporaryFolder } from '../support/folder.ts'

const HERE: Holder = {
  pid: 10,
  host: 'tower',
  since: '2026-01-01T00:00:00.000Z',
  machine: 'm1',
  boot: 'b1',
  pidSpace: 'pid:[1]',
  started: '100',
}
const HOLDER: Holder = { ...HERE, pid: 7, started: '50' }
const GONE = (): undefined => undefined
const ALIVE = (): string => '50'

describe('A holder is dead', () => {
  it.each([
    ['where its process is not there any more', HOLDER, GONE],
    ['where another process has its number by now', HOLDER, () => '70'],
    ['where the machine was started since', { ...HOLDER, boot: 'b0' }, ALIVE],
  ])('%s', (_when, holder, startOf) => {
    expect(whyNotDead(holder, HERE, startOf)).toBeUndefined()
  })
})

describe('A holder may be alive', () => {
  it.each<[string, Holder | undefined, () => string | null | undefined, RegExp]>([
    ['where its process is', HOLDER, ALIVE, /process 7 is alive/],
    ['where a process has its number, started nobody knows when', HOLDER, () => null, /process 7 is alive/],
    ['where nobody has left word', undefined, GONE, /nobody has left word/],
    ['on another machine', { ...HOLDER, host: 'laptop' }, GONE, /another machine, laptop/],
    [
      'on another machine of the same name',
      { ...HOLDER, machine: 'm2', boot: 'b9' },
      GONE,
      /this very machine/,
    ],
    ['on a machine that does not say which it is', { ...HOLDER, machine: null }, GONE, /this very machine/],
    ['in another container', { ...HOLDER, pidSpace: 'pid:[2]' }, GONE, /another container/],
    ['on a system that does not say when it was started', { ...HOLDER, boot: null }, GONE, /does not tell/],
  ])('%s', (_when, holder, startOf, why) => {
    expect(whyNotDead(holder, HERE, startOf)).toMatch(why)
  })

  it('as long as this very process is', () => {
    const me = thisProcess(0)
    if (me.machine !== null && me.boot !== null) expect(whyNotDead(me, me)).toMatch(/is alive/)
    else expect(whyNotDead(me, me)).toBeDefined()
  })
})

describe('Word of a holder', () => {
  it('is read as it was written, and in words says who it is since when', async () => {
    const file = join(await temporaryFolder(), 'lock.holder')
    writeHolder(file, HOLDER)
    expect(readHolder(file)).toEqual(HOLDER)
    expect(holderText(HOLDER)).toBe('process 7 on tower since 2026-01-01T00:00:00.000Z')
  })

  it.each(['', 'process 7 on tower', '{"host": "tower"}', '[7]'])(
    'that is %j is no word at all',
    async (text) => {
      const file = join(await temporaryFolder(), 'lock.holder')
      writeFileSync(file, text)
      expect(readHolder(file)).toBeUndefined()
    },
  )
})
