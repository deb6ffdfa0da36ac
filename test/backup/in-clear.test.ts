/** Backups in the clear, beside those that are encrypted. */
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, it } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { openBench } from '../support/bench.ts'
import { openDesk } from './desk.ts'

it('are refused before anything is read, unless they are asked for', async () => {
  const bench = openBench()
  const desk = await openDesk(bench)
  const args = { schemaIds: [bench.schema.id] }
  const plain = await desk.backUp(args)
  expect(plain, plain.said).toMatchObject({ code: EXIT.done })
  const key = await identityToRecipient(await generateIdentity())
  await bench.clock.advance(86_400_000)
  const encrypted = await desk.backUp({ ...args, 'encrypt-to': [key] })
  expect(encrypted, encrypted.said).toMatchObject({ code: EXIT.done })

  await bench.clock.advance(86_400_000)
  const before = { reads: desk.reads(), ...(await desk.home.list()) }
  for (const forgotten of [args, { all: true }]) {
    const refused = await desk.backUp(forgotten)
    expect(refused).toMatchObject({ code: EXIT.precondition, json: { error: { exit: EXIT.precondition } } })
    expect(refused.said).toContain('is encrypted, and this one would not be')
    expect(refused.said).toContain('--plain')
  }
  expect({ reads: desk.reads(), ...(await desk.home.list()) }).toEqual(before)
  expect(desk.work()).toEqual([])

  const meant = await desk.backUp({ ...args, plain: true })
  expect(meant, meant.said).toMatchObject({ code: EXIT.done })
  expect(await desk.backUp({ ...args, plain: true, 'encrypt-to': [key] })).toMatchObject({ code: EXIT.usage })
})
