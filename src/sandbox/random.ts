/**
 * Chance that repeats: the same seed gives the same numbers and ids, on every machine.
 * Guarantees: no call to Math.random; two different counts of one seed never give the same id (SHA-256).
 */
import { createHash } from 'node:crypto'

/** @returns the next number, from 0 up to but not including 1. */
export type Random = () => number

/** @returns a generator (sfc32) that depends on nothing but the seed. */
export function seededRandom(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest()
  let a = digest.readInt32LE(0)
  let b = digest.readInt32LE(4)
  let c = digest.readInt32LE(8)
  let count = 1
  return () => {
    const sum = (((a + b) | 0) + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
}

/** A number, or a range to draw it from. */
export type Amount = number | { readonly min: number; readonly max: number }

/** @returns the number itself, or one out of its range. */
export function drawn(amount: Amount, random: Random): number {
  return typeof amount === 'number' ? amount : amount.min + random() * (amount.max - amount.min)
}

/** @returns a whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1))
}

/** @returns one of the items, each as likely; throws RangeError where there is none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

/** @returns a lower-case GUID made of the next numbers of the generator. */
export function randomGuid(random: Random): string {
  let hex = ''
  for (let word = 0; word < 4; word++) {
    hex += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  }
  return guidOf(hex)
}

/** @returns the GUID of the `count`th thing of a seed: needs no state but the count, so a restart can't repeat one. */
export function countedGuid(seed: string, count: number): string {
  return guidOf(createHash('sha256').update(`${seed}/${count}`).digest('hex'))
}

/** @returns whether the text is a GUID, in whatever case. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** 32 hex digits as a GUID of version 4. */
function guidOf(hex: string): string {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
