/**
 * Proves one part: its two files against their proofs, and against each other.
 * Guarantees: never throws for what is in the files; goes on after a fault, so that one does not hide the next.
 */
import { isDeepStrictEqual } from 'node:util'
import { codeOf, messageOf } from '../errors.ts'
import type { Interaction } from '../model.ts'
import type { Duplicates } from './duplicates.ts'
import type { FileProof, PartFacts, PartProof } from './format.ts'
import { Meter, readLines } from './lines.ts'
import type { Place } from './place.ts'
import type { Problems } from './problems.ts'
import { type ContactEntry, parseContact, parseIndexEntry, parseInteraction } from './record.ts'
import type { Opener } from './seal.ts'
import { PartTally } from './tally.ts'

/** What all parts of a snapshot are proven with. */
export interface PartProving {
  readonly place: Place
  readonly schemaId: string
  readonly opener: Opener | undefined
  readonly duplicates: Duplicates
  /** @returns what is wrong with the place of a contact; undefined where nothing is */
  misplaced(contact: ContactEntry): string | undefined
  readonly problems: Problems
}

/** @returns what the part holds by its files, and their bytes at rest. */
export async function provePart(
  part: PartProof,
  { place, schemaId, opener, duplicates, misplaced, problems }: PartProving,
): Promise<{ readonly facts: PartFacts; readonly bytes: number }> {
  const contacts = new TestedFile(place, part.contacts, parseContact, problems, opener)
  const records = new TestedFile(place, part.interactions, parseInteraction, problems, opener)
  const tally = new PartTally()
  let record = await records.next()
  for (let entry = await contacts.next(); entry !== undefined; entry = await contacts.next()) {
    duplicates.add(entry.name ?? entry.contactId)
    const fault = misplaced(entry)
    if (fault !== undefined) contacts.fault(fault)
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

  const { content, ...counted } = tally.facts()
  const { number, interactions: _, contacts: __, index, ...said } = part
  // Parts of the first version say nothing of it.
  const facts = said.content === undefined || content === undefined ? counted : { ...counted, content }
  if (!contacts.broken && !records.broken && !isDeepStrictEqual({ ...facts }, { ...said }))
    problems.add(
      `part ${number}`,
      `the manifest says ${JSON.stringify(said)}, found ${JSON.stringify(facts)}`,
    )
  const indexBytes = index === undefined ? 0 : await proveIndex(place, index, facts, problems)
  return { facts, bytes: (await contacts.end()) + (await records.end()) + indexBytes }

  function proveRecord(record: Interaction, last: string | undefined): void {
    tally.addRecord(record)
    if (record.schemaId !== schemaId) records.fault(`it follows the schema ${record.schemaId}`)
    if (last !== undefined && record.id <= last) records.fault(`its id does not come after ${last}`)
  }
}

/** Proves what can be proven of an encrypted part without an identity: its bytes, and its index. @returns its bytes */
export async function proveSealedPart(part: PartProof, place: Place, problems: Problems): Promise<number> {
  const { interactions, contacts, index } = part
  let bytes = 0
  for (const proof of [contacts, interactions]) bytes += await proveBytes(place, proof, problems)
  return bytes + (index === undefined ? 0 : await proveIndex(place, index, part, problems))
}

async function proveIndex(
  place: Place,
  proof: FileProof,
  { contactCount, records, removed = 0 }: PartFacts,
  problems: Problems,
): Promise<number> {
  const index = new TestedFile(place, proof, parseIndexEntry, problems)
  const found = { contacts: 0, added: 0, removed: 0 }
  for (let entry = await index.next(); entry !== undefined; entry = await index.next()) {
    found.contacts += 1
    found.added += entry.added.length
    found.removed += entry.removed?.length ?? 0
  }
  if (!index.broken && !isDeepStrictEqual(found, { contacts: contactCount, added: records, removed }))
    index.fault(`it names ${JSON.stringify(found)}; its part holds other numbers`)
  return index.end()
}

/** Holds a file against its proof without looking into it. @returns its bytes */
export async function proveBytes(place: Place, proof: FileProof, problems: Problems): Promise<number> {
  const meter = await measured(place, proof.name, problems)
  if (meter === undefined) return 0
  const { bytes, sha256 } = proof
  const found = { bytes: meter.bytes, sha256: meter.sha256() }
  if (!isDeepStrictEqual(found, { bytes, sha256 }))
    problems.add(proof.name, `found ${JSON.stringify(found)}, written ${JSON.stringify({ bytes, sha256 })}`)
  return meter.bytes
}

/** @returns undefined where it is missing; what was read of it where it can't be read on */
async function measured(place: Place, name: string, problems?: Problems): Promise<Meter | undefined> {
  const meter = new Meter()
  try {
    for await (const chunk of place.read(name)) meter.count(chunk as Buffer)
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT'
    problems?.add(name, missing ? 'the file is missing' : `it can't be read: ${messageOf(error)}`)
    if (missing) return undefined
  }
  return meter
}

/** The parsed lines of a file that may be anything. */
class TestedFile<T> {
  readonly #place: Place
  readonly #proof: FileProof
  readonly #parser: (line: string) => T
  readonly #problems: Problems
  readonly #lines: AsyncGenerator<string>
  #meter = new Meter()
  #line = 0
  #broken = false
  #missing = false

  constructor(
    place: Place,
    proof: FileProof,
    parser: (line: string) => T,
    problems: Problems,
    opener?: Opener,
  ) {
    this.#place = place
    this.#proof = proof
    this.#parser = parser
    this.#problems = problems
    this.#lines = readLines(() => place.read(proof.name), proof.name, this.#meter, opener)
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
    if (this.#broken) this.#meter = (await measured(this.#place, this.#proof.name)) ?? new Meter()
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
}
