/**
 * A text file of unknown origin: UTF-8 with or without a byte order mark, or UTF-16 with one.
 * Guarantees: flat memory; a character split across two chunks arrives whole; the mark is in no text; where every character
 * counts, bytes that are none are told with their line, never replaced.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'

/** Bytes to look at; a header line longer than this is no header. */
const HEAD = 64 * 1024

export interface TextFile {
  readonly path: string
  /** The beginning of the text. */
  readonly head: string
  /** The whole text, from the beginning. */
  read(): AsyncGenerator<string>
}

/**
 * Looks at a file. Throws an OperatorError (usage) where it is missing, a folder, unreadable or blank.
 * @param refused makes that error: what to pass instead depends on what the file is for
 * @param exact whether bytes that are no text are an error; else they are replaced, as they may be beside ids
 */
export async function openText(path: string, refused: Refusal = unusable, exact = false): Promise<TextFile> {
  const bytes = await readHead(path, refused)
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  const head = new TextDecoder(encoding).decode(bytes, { stream: true })
  if (head.trim() === '' && bytes.length < HEAD) throw refused(`${path} is empty.`)
  if (head.includes('\0'))
    throw refused(`${path} is not a text in UTF-8, or in UTF-16 with a byte order mark.`)
  return {
    path,
    head,
    async *read() {
      const decoder = new TextDecoder(encoding, { fatal: exact })
      let line = 1
      const decoded = (chunk?: Buffer): string => {
        try {
          const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
          line += exact ? text.split('\n').length - 1 : 0
          return text
        } catch {
          const [before = ''] = new TextDecoder(encoding).decode(chunk).split('\uFFFD')
          throw refused(
            `${path}, line ${line + before.split('\n').length - 1}: not a text in ${encoding.toUpperCase()}; it may be in another encoding, such as Windows-1252.`,
          )
        }
      }
      try {
        for await (const chunk of createReadStream(path)) yield decoded(chunk as Buffer)
        yield decoded()
      } catch (cause) {
        if (cause instanceof OperatorError) throw cause
        throw refused(`${path} can't be read: ${messageOf(cause)}.`, cause)
      }
    },
  }
}

async function readHead(path: string, refused: Refusal): Promise<Buffer> {
  try {
    const handle = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw refused(`There is no file ${path}.`, cause)
    if (codeOf(cause) === 'EISDIR') throw refused(`${path} is a folder, not a file.`, cause)
    throw refused(`${path} can't be read: ${messageOf(cause)}.`, cause)
  }
}

/** @returns the error of a file that can't be used, from what is wrong with it */
export type Refusal = (what: string, cause?: unknown) => OperatorError

/** @returns the error of a contact file that can't be used. */
export function unusable(what: string, cause?: unknown): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'Pass a file of contact ids: CSV with a header, NDJSON, or one GUID a line; saved as UTF-8.',
    exit: EXIT.usage,
    cause,
  })
}
