/** The identity comes from a file, and no key is ever repeated. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, it } from 'vitest'
import { openerOf } from '../../src/commands/identity.ts'
import { EXIT } from '../../src/errors.ts'
import { sealFor } from '../../src/snapshot/seal.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

async function fileWith(text: string): Promise<string> {
  const file = join(await temporaryFolder(), 'key.txt')
  writeFileSync(file, text)
  return file
}

it('comes from the flag before the environment, and without either there is none', async () => {
  const identity = await generateIdentity()
  const file = await fileWith(`# created: 2026-01-01\n${identity}\r\n`)
  const other = await fileWith(await generateIdentity())
  const seal = sealFor([await identityToRecipient(identity)])
  const bytes = Buffer.concat(await Array.fromAsync(seal.encrypt(Readable.from([Buffer.from('secret')]))))
  const read = async (args: object, env: Record<string, string>) => {
    const clear = openerOf({ ...args }, env)?.decrypt(Readable.from([bytes]))
    return clear && Buffer.concat(await Array.fromAsync(clear)).toString()
  }
  const NAME = 'ENGAGE_MIGRATE_IDENTITY_FILE'
  expect(await read({ identity: file }, { [NAME]: other })).toBe('secret')
  expect(await read({}, { [NAME]: file })).toBe('secret')
  await expect(read({ identity: other }, { [NAME]: file })).rejects.toMatchObject({ exit: EXIT.precondition })
  expect(openerOf({}, {})).toBeUndefined()
  expect(openerOf({}, { [NAME]: ' ' })).toBeUndefined()
})

it.each(['', '# nothing\n', 'AGE-SECRET-KEY-1QQQ\n'])(
  'is refused where the file holds none, without a word of what it holds: %j',
  async (text) => {
    const file = await fileWith(text)
    const told = thrownBy(() => openerOf({ identity: file }, {}))
    expect(told).toMatchObject({ exit: EXIT.usage })
    expect(String(told)).not.toContain('1QQQ')
  },
)

it('is refused where there is no such file, which is named', () => {
  expect(thrownBy(() => openerOf({ identity: 'no-such.key' }, {}))).toMatchObject({
    exit: EXIT.usage,
    message: expect.stringContaining('no-such.key'),
  })
})
