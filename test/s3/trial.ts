/** What the tests of object storage share. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect } from 'vitest'
import { codeOf, OperatorError } from '../../src/errors.ts'
import { collect, temporaryFolder } from '../snapshot/sample.ts'
import { failureOf } from '../support/failure.ts'
import type { Passing } from './front.ts'

export const MIB = 1024 * 1024
/** The smallest part that a store takes. */
export const PART = { partBytes: 5 * MIB }
/** Two parts and a bit. */
export const LARGE = 2 * PART.partBytes + 17

/** @returns all bytes of a stream */
export async function read(from: Readable): Promise<Buffer> {
  return Buffer.concat(await collect<Buffer>(from))
}

/** @returns the path of a file with these bytes, which goes away with the test */
export async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'source')
  await writeFile(path, bytes)
  return path
}

/** @returns what tells large buffers apart without showing them */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** @returns whether a request brings a part of a file */
export function isPart({ method, url }: Passing): boolean {
  return method === 'PUT' && url.includes('partNumber=')
}

/** @returns the OperatorError that it was rejected with */
export async function refusalOf(promise: Promise<unknown>): Promise<OperatorError> {
  const error = await failureOf(promise)
  expect(error).toBeInstanceOf(OperatorError)
  // Whoever looks for what is missing must never find this.
  expect(codeOf(error)).not.toBe('ENOENT')
  return error as OperatorError
}
