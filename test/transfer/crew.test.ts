import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Aside, type Crew, type CrewOptions, createCrew } from '../../src/transfer/crew.ts'

interface Member {
  readonly finish: () => void
  /** Ends its wait. */
  readonly wake: () => void
}

interface Stage {
  readonly crew: Crew
  /** What happened, in order. */
  readonly log: string[]
  readonly members: Map<string, Member>
  /** Begins a piece of work that first waits aside, where it is told to, and then works until it is finished. */
  begin(name: string, options?: { readonly waits?: boolean; readonly records?: number }): void
}

function stage(options: Partial<CrewOptions> = {}): Stage {
  const crew = createCrew({ places: 2, begun: 10, held: 1_000, ...options })
  const log: string[] = []
  const members = new Map<string, Member>()
  return {
    crew,
    log,
    members,
    begin(name, { waits = false, records = 1 } = {}) {
      const wait = Promise.withResolvers<void>()
      const work = Promise.withResolvers<void>()
      members.set(name, { finish: work.resolve, wake: wait.resolve })
      void crew.begin(records, async (aside: Aside) => {
        log.push(`${name} begins`)
        if (waits) await aside(() => wait.promise)
        if (waits) log.push(`${name} is back`)
        await work.promise
      })
    },
  }
}

describe('a crew', () => {
  it('works on as many at once as there are places', async () => {
    const { log, members, begin } = stage()
    begin('a')
    begin('b')
    begin('c')
    await turn()
    expect(log).toEqual(['a begins', 'b begins'])
    members.get('a')?.finish()
    await turn()
    expect(log).toEqual(['a begins', 'b begins', 'c begins'])
  })

  it('begins others while some wait, and lets who comes back go first', async () => {
    const { log, members, begin } = stage({ places: 1 })
    begin('a', { waits: true })
    await turn()
    begin('b')
    await turn()
    begin('c')
    members.get('a')?.wake()
    await turn()
    expect(log).toEqual(['a begins', 'b begins'])
    members.get('b')?.finish()
    await turn()
    expect(log).toEqual(['a begins', 'b begins', 'a is back'])
  })

  it.each([
    ['pieces of work', { begun: 3 }, 1],
    ['records', { held: 30 }, 10],
  ])('begins no more %s than may be held', async (_what, options, records) => {
    const { crew, log, members, begin } = stage(options)
    for (const name of ['a', 'b', 'c', 'd']) begin(name, { waits: true, records })
    await turn()
    expect(log).toEqual(['a begins', 'b begins', 'c begins'])
    members.get('b')?.wake()
    members.get('b')?.finish()
    await turn()
    expect(log.at(-1)).toBe('d begins')
    for (const member of members.values()) {
      member.wake()
      member.finish()
    }
    await crew.idle()
  })

  it('takes one that is larger than may be held when nothing else is under way', async () => {
    const { log, begin } = stage({ held: 5 })
    begin('a', { records: 100 })
    await turn()
    expect(log).toEqual(['a begins'])
  })

  it('begins nothing new while it is paused, but for the only one', async () => {
    let paused = true
    const { crew, log, begin } = stage({ paused: () => paused })
    begin('a', { waits: true })
    await turn()
    begin('b')
    await turn()
    expect(log).toEqual(['a begins'])
    paused = false
    crew.nudge()
    await turn()
    expect(log).toEqual(['a begins', 'b begins'])
  })
})
