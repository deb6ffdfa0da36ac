/**
 * What a set of interactions comes to, as one number: the sum of the SHA-256 of each, modulo 2^256.
 * Guarantees: the same interactions give the same sum in whatever order and parts they come, twins counted; sums of parts
 * add up, and what is taken away again leaves no trace. So a chain of snapshots is held against what was read in one night.
 */
import { createHash } from 'node:crypto'
import { type Json, stringifyJson } from '../json.ts'
import type { Interaction } from '../model.ts'

const WORDS = 8
const BASE = 2 ** 32
/** So many additions fit into a double before the carry must be moved on. */
const CARRY_EVERY = 2 ** 20

export class Content {
  readonly #words = new Float64Array(WORDS)
  #pending = 0

  add(record: Interaction): void {
    const digest = digestOf(record)
    this.#sum((word) => digest.readUInt32LE(word * 4))
  }

  /** Takes away what was added before. */
  remove(record: Interaction): void {
    const digest = digestOf(record)
    // Two's complement: all bits turned, and one more.
    this.#sum((word) => BASE - 1 - digest.readUInt32LE(word * 4) + (word === 0 ? 1 : 0))
  }

  /** Adds another sum, as `text` gives it. */
  addText(text: string): void {
    const bytes = Buffer.from(text, 'hex').reverse()
    this.#sum((word) => bytes.readUInt32LE(word * 4))
  }

  /** @returns 64 hexadecimal digits, the highest first */
  text(): string {
    this.#carry()
    const bytes = Buffer.alloc(WORDS * 4)
    for (const [index, word] of this.#words.entries()) bytes.writeUInt32LE(word, index * 4)
    return bytes.reverse().toString('hex')
  }

  #sum(wordAt: (index: number) => number): void {
    for (let index = 0; index < WORDS; index += 1)
      this.#words[index] = (this.#words[index] ?? 0) + wordAt(index)
    this.#pending += 1
    if (this.#pending >= CARRY_EVERY) this.#carry()
  }

  #carry(): void {
    let carry = 0
    for (let index = 0; index < WORDS; index += 1) {
      const sum = (this.#words[index] ?? 0) + carry
      this.#words[index] = sum % BASE
      carry = Math.floor(sum / BASE)
    }
    this.#pending = 0
  }
}

/** @returns the sum of sums */
export function addContents(texts: readonly string[]): string {
  const sum = new Content()
  for (const text of texts) sum.addText(text)
  return sum.text()
}

function digestOf({ id, contactId, schemaId, createdDate, payload }: Interaction): Buffer {
  const text = stringifyJson({ id, contactId, schemaId, createdDate, payload } as Json)
  return createHash('sha256').update(text).digest()
}
