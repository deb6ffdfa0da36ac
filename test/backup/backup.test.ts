import { describe, expect, it } from 'vitest'
import { proveSnapshot } from '../../src/snapshot/proof.ts'
import { openBench } from '../support/bench.ts'
import { changeByDay, heldBy, heldIn, openNights } from './nights.ts'

describe('a full backup', () => {
  it('has all that the tenant holds, says how far it reaches, and is proven', async () => {
    const nights = await openNights(openBench())
    const [outcome] = await nights.backUp()
    if (outcome === undefined) throw new Error('nothing came of it')
    expect(await heldIn(outcome.place)).toEqual(heldBy(nights))
    expect(outcome.manifest).toMatchObject({
      ...{ pass: 'backup', order: 'id', complete: true },
      contacts: { listed: 30, read: 30, gone: 0, failed: 0, counted: 30 },
      secondLook: { contacts: 5, arrived: 0, vanished: 0 },
    })
    expect(await proveSnapshot(outcome.place)).toMatchObject({ ok: true, problems: [], links: 1 })
  })
})

describe('nights that follow each other', () => {
  it('read as what the tenant held in each of them', async () => {
    const nights = await openNights(openBench({ contacts: 40 }))
    const held: {
      readonly at: Awaited<ReturnType<typeof nights.backUp>>[number]
      readonly lines: readonly string[]
    }[] = []
    for (let day = 0; day < 30; day += 1) {
      changeByDay(nights, day)
      const lines = heldBy(nights)
      const [at] = await nights.backUp({ sinceLatest: true })
      if (at !== undefined) held.push({ at, lines })
      await nights.bench.clock.advance(86_400_000)
    }
    for (const { at, lines } of held) expect(await heldIn(at.place)).toEqual(lines)
    const last = held.at(-1)?.at
    expect(last?.links).toBe(30)
    expect(await proveSnapshot(last?.place ?? '')).toMatchObject({ ok: true, problems: [], links: 30 })
  })
})
