/**
 * Proves one part: its two files against their proofs, and against each other.
 * Guarantees: never throws for what is in the files; goes on after a fault, so that one does not hide the next.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { codeOf, messageOf } from '../errors.ts'
import type { Interaction } from '../model.ts'
import type { Duplicates } from './duplicates.ts'
import type { FileProof, PartFacts, PartProof } from './format.ts'
import { Meter, readLines } from './lines.ts'
import type { Problems } from './problems.ts'
import { parseContact, parseInteraction } from './record.ts'
import { PartTally } from './tally.ts'

/** @returns what the part holds by its files, and their bytes on disk. */
export async function provePart(
  folder: string,
  part: PartProof,
  schemaId: string,
  duplicates: Duplicates,
  problems: Problems,
): Promise<{ readonly facts: PartFacts; readonly bytes: number }> {
  const contacts = new TestedFile(folder, part.contacts, parseContact, problems)
  const records = new TestedFile(folder, part.interactions, parseInteraction, problems)
  const tally = new PartTally()
  let record = await records.next()
  for (let entry = await contacts.next(); entry !== undefined; entry = await contacts.next()) {
    duplicates.add(entry.contactId)
    tally.addContact(entry, entry.interactions)
    let count = 0
    let last: string | undefined
    for (; record?.contactId === entry.contactId; record = await records.next()) {
      proveRecord(record, last)
      count += 1
      last = record.id
    }
    // Where the records can't be read on, that has been said; what follows from it would only hide it.
    if (count !== entry.interactions && !records.broken)
      contacts.fault(`${entry.contactId} has ${entry.interactions} interactions; ${count} are in their place`)
  }
  if (record !== undefined) records.fault('it is of a contact that is not in its place in the contacts file')
  for (; record !== undefined; record = await records.next()) proveRecord(record, undefined)

  const facts = tally.facts()
  const { number, interactions, contacts: _, ...said } = part
  if (!contacts.broken && !records.broken && !isDeepStrictEqual({ ...facts }, { ...said }))
    problems.add(
      `part ${number}`,
      `the manifest says ${JSON.stringify(said)}, found ${JSON.stringify(facts)}`,
    )
  return { facts, bytes: (await contacts.end()) + (await records.end()) }

  function proveRecord(record: Interaction, last: string | undefined): void {
    tally.addRecord(record)
    if (record.schemaId !== schemaId) records.fault(`it follows the schema ${record.schemaId}`)
    if (last !== undefined && record.id <= last) records.fault(`its id does not come after ${last}`)
  }
}

/** The parsed lines of a file that may be anything. */
class TestedFile<T> {
  readonly #path: string
  readonly #proof: FileProof
  readonly #parser: (line: string) => T
  readonly #problems: Problems
  readonly #lines: AsyncGenerator<string>
  #meter = new Meter()
  #line = 0
  #broken = false
  #missing = false

  constructor(folder: string, proof: FileProof, parser: (line: string) => T, problems: Problems) {
    this.#path = join(folder, proof.name)
    this.#proof = proof
    this.#parser = parser
    this.#problems = problems
    this.#lines = readLines(this.#path, this.#meter)
  }

  /** @returns the next line that parses; undefined at the end, and where the rest can't be read. */
  async next(): Promise<T | undefined> {
    while (!this.#broken) {
      try {
        const result = await this.#lines.next()
        if (result.done === true) return undefined
        this.#line += 1
        const value = this.#tryParse(result.value)
        if (value !== undefined) return value
      } catch (error) {
        this.#broken = true
        this.#missing = codeOf(error) === 'ENOENT'
        if (this.#missing) this.#problems.add(this.#proof.name, 'the file is missing')
        else this.fault(`the file can't be read on from here: ${messageOf(error)}`)
      }
    }
    return undefined
  }

  #tryParse(line: string): T | undefined {
    try {
      return this.#parser(line)
    } catch (error) {
      this.fault(messageOf(error))
      return undefined
    }
  }

  /** Whether there may be more that could not be read. */
  get broken(): boolean {
    return this.#broken
  }

  fault(what: string): void {
    this.#problems.add(this.#proof.name, what, this.#line)
  }

  /** Holds the file against its proof; all lines must have been read. @returns its bytes. */
  async end(): Promise<number> {
    if (this.#missing) return 0
    // Where the lines ended early, only a second look can say what bytes are there.
    if (this.#broken) await this.#measure()
    const { lines, bytes, sha256 } = this.#proof
    const found = {
      lines: this.#broken ? lines : this.#line,
      bytes: this.#meter.bytes,
      sha256: this.#meter.sha256(),
    }
    if (!isDeepStrictEqual(found, { lines, bytes, sha256 })) {
      this.#problems.add(
        this.#proof.name,
        `found ${JSON.stringify(found)}, written ${JSON.stringify({ lines, bytes, sha256 })}`,
      )
    }
    return this.#meter.bytes
  }

  async #measure(): Promise<void> {
    this.#meter = new Meter()
    try {
      for await (const chunk of createReadStream(this.#path)) this.#meter.count(chunk as Buffer)
    } catch {
      // Said already: it is why the lines ended early.
    }
  }
}
