/**
 * All parts of a snapshot that is written in one go.
 * Guarantees: contacts stand in the order that they come in, so many in each part; what was begun and not closed is gone
 * after `abandon`.
 */
import type { PartProof } from './format.ts'
import type { ContactChange } from './record.ts'
import { openPart, type PartOptions, type PartWriter } from './writer.ts'

/** One call at a time. */
export interface PartsWriter {
  /** As a part's. */
  add(contact: ContactChange): Promise<void>
  /** @returns the parts, durable; none where there was no contact. Throws an OperatorError where the disk refuses. */
  close(): Promise<readonly PartProof[]>
  /** Removes what is not closed; harmless after `close`. */
  abandon(): Promise<void>
}

/** @param contactsPerPart how many contacts each part but the last has */
export function openParts(folder: string, contactsPerPart: number, options: PartOptions): PartsWriter {
  const parts: PartProof[] = []
  let part: PartWriter | undefined
  let inPart = 0
  const closePart = async (): Promise<void> => {
    if (part === undefined) return
    parts.push(await part.close())
    part = undefined
    inPart = 0
  }
  return {
    async add(contact) {
      part ??= await openPart(folder, parts.length + 1, options)
      await part.add(contact)
      inPart += 1
      if (inPart >= contactsPerPart) await closePart()
    },
    async close() {
      await closePart()
      return parts
    },
    async abandon() {
      await part?.abandon()
    },
  }
}
