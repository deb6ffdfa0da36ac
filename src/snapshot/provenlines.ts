/**
 * Lines that are held against the proof of their file while they are read.
 * Guarantees: the end is told only where the file is the one that was written; anything else is an OperatorError.
 */
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import type { FileProof } from './format.ts'
import { Meter, readLines } from './lines.ts'
import type { Place } from './place.ts'
import type { Opener } from './seal.ts'

/** The lines of a file that throw an OperatorError where they differ from their proof. */
export class ProvenLines {
  readonly #path: string
  readonly #proof: FileProof
  readonly #meter = new Meter()
  readonly #lines: AsyncGenerator<string>
  #line = 0

  constructor(place: Place, proof: FileProof, opener?: Opener) {
    this.#path = `${place.name}/${proof.name}`
    this.#proof = proof
    this.#lines = readLines(() => place.read(proof.name), proof.name, this.#meter, opener)
  }

  /** @returns undefined at the end, where the file is as its proof says. */
  async next(): Promise<string | undefined> {
    const result = await this.#lines.next().catch((error: unknown) => {
      throw error instanceof OperatorError ? error : this.damaged(messageOf(error))
    })
    if (result.done !== true) {
      this.#line += 1
      return result.value
    }
    const { lines, bytes, sha256 } = this.#proof
    if (this.#line !== lines || this.#meter.bytes !== bytes || this.#meter.sha256() !== sha256)
      throw this.damaged('the file is not the one that was written')
    return undefined
  }

  parse<T>(line: string, parser: (line: string) => T): T {
    try {
      return parser(line)
    } catch (error) {
      throw this.damaged(messageOf(error))
    }
  }

  damaged(why: string): OperatorError {
    return refusal(`${this.#path}, line ${this.#line}: ${why}. The snapshot is damaged.`)
  }

  async stop(): Promise<void> {
    await this.#lines.return(undefined)
  }
}

/** @returns the error of a snapshot that can't be used. */
export function refusal(what: string, cause?: unknown): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'Name the folder of a finished snapshot, or put back an undamaged copy of this one.',
    exit: EXIT.precondition,
    cause,
  })
}
