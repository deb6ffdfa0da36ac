import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../../src/errors.ts'
import { bytesAt } from '../../src/snapshot/manifest-file.ts'
import { localPlace } from '../../src/snapshot/place.ts'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from './sample.ts'

describe('a folder of this machine', () => {
  it('keeps what it is given whole, lists it, and lets go of it', async () => {
    const folder = await temporaryFolder()
    const from = join(folder, 'from')
    writeFileSync(from, Buffer.alloc(200_000, 7))
    const place = localPlace(join(folder, 'a')).beside('b').at('c')
    expect(await place.list()).toEqual({ files: [], folders: [] })
    await place.put('whole', from)
    await place.write('small', Buffer.from('x'))
    expect(await place.list()).toEqual({
      files: [
        { name: 'small', bytes: 1 },
        { name: 'whole', bytes: 200_000 },
      ],
      folders: [],
    })
    expect(await bytesAt(place, 'whole')).toEqual(readFileSync(from))
    expect(codeOf(await failureOf(bytesAt(place, 'none')))).toBe('ENOENT')
    await place.tidy()
    await place.remove('whole')
    await place.remove('whole')
    expect(readdirSync(place.folder ?? '')).toEqual(['small'])
    await place.remove('small')
    await place.tidy()
    expect((await localPlace(join(folder, 'b')).list()).folders).toEqual([])
  })
})
