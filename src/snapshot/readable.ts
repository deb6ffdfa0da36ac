/**
 * Whether the identities that are given can read a chain.
 * Guarantees: that they are for other keys is told as that, before anybody takes what can't be read for damage; damage itself is
 * for the proof to say; only the heads of a few files of each link are read.
 */
import { Readable } from 'node:stream'
import { type Link, linksOf } from './chain.ts'
import { filesNamed } from './format.ts'
import type { Place } from './place.ts'
import { ForOtherKeys, type Opener } from './seal.ts'

/** The head of a file of thousands of recipients, in bytes. */
const HEAD = 64 * 1024

/** A damaged head may look like one for other keys: a few files that all do are none. */
const TRIED = 3

/** @throws OperatorError (exit 4) where a link is encrypted, and for other keys than those that are given */
export async function assertReadable(links: readonly Link[], opener: Opener | undefined): Promise<void> {
  if (opener === undefined) return
  for (const { place, manifest } of links) {
    const sealed = filesNamed(manifest).filter(({ name }) => name.endsWith('.age'))
    let refused = false
    for (const { name } of sealed.slice(0, TRIED)) {
      const opens = await canOpen(place, name, opener)
      if (opens === true) {
        refused = false
        break
      }
      refused ||= opens === false
    }
    if (refused) throw new ForOtherKeys(place.name)
  }
}

/** As `assertReadable`, of the snapshot at a place and all that it follows; where that can't be told, others tell why. */
export async function assertReadableAt(place: Place, opener: Opener | undefined): Promise<void> {
  const links = opener === undefined ? [] : await linksOf(place).catch(() => [])
  await assertReadable(links, opener)
}

/** @returns undefined where that can't be told: it is missing, or damaged */
async function canOpen(place: Place, name: string, opener: Opener): Promise<boolean | undefined> {
  try {
    for await (const _ of opener.decrypt(Readable.from([await headOf(place, name)]))) break
    return true
  } catch (error) {
    return error instanceof ForOtherKeys ? false : undefined
  }
}

/** Whole or not: a stream that is given up while it is decrypted would end in an error of its own. */
async function headOf(place: Place, name: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of place.read(name)) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes >= HEAD) break
  }
  return Buffer.concat(chunks)
}
