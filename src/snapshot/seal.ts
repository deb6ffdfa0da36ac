/**
 * Encryption at rest, with age: public keys where one writes, identities only where one reads.
 * Guarantees: what passes `encrypt` can be read with the identities of its recipients alone, not by whoever wrote it; a
 * changed byte ends in an error; streams both ways, flat memory; no key is in a message.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Decrypter, Encrypter } from 'age-encryption'
import { EXIT, OperatorError } from '../errors.ts'

/** Bytes in, bytes out. */
export type Through = (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer, void, undefined>

/** For those who write. */
export interface Seal {
  readonly recipients: number
  /** Tells one set of public keys from another: see keysDigestOf. */
  readonly keys: string
  readonly encrypt: Through
}

/** For those who read. */
export interface Opener {
  /** Throws an OperatorError where no identity is for it. */
  readonly decrypt: Through
}

/**
 * @param recipients age public keys (`age1…`)
 * @throws OperatorError (exit 2) where one of them is none
 */
export function sealFor(recipients: readonly string[]): Seal {
  const encrypter = new Encrypter()
  for (const each of recipients) {
    try {
      encrypter.addRecipient(each)
    } catch {
      // An identity that was given by mistake must not be repeated.
      const shown = /secret/i.test(each) ? 'A secret key' : JSON.stringify(each)
      throw usage(`${shown} is not an age public key (age1…).`, 'Make a pair with age-keygen.')
    }
  }
  return {
    recipients: recipients.length,
    keys: keysDigestOf(recipients),
    encrypt: async function* (chunks) {
      yield* bytesOf(await encrypter.encrypt(webStream(chunks)))
    },
  }
}

/** @returns SHA-256 (hex) of the public keys, sorted, with a line feed between each two */
function keysDigestOf(recipients: readonly string[]): string {
  return createHash('sha256').update(recipients.toSorted().join('\n')).digest('hex')
}

/**
 * @param identities age secret keys (`AGE-SECRET-KEY-…`)
 * @throws OperatorError (exit 2) where one of them is none
 */
export function openWith(identities: readonly string[]): Opener {
  const decrypter = new Decrypter()
  for (const each of identities) {
    try {
      decrypter.addIdentity(each)
    } catch {
      throw usage('The identity file holds a line that is not an age secret key (AGE-SECRET-KEY-…).', '')
    }
  }
  return {
    decrypt: async function* (chunks) {
      const opened = await decrypter.decrypt(webStream(chunks)).catch((error: unknown) => {
        if (error instanceof Error && /no identity matched/i.test(error.message)) throw new ForOtherKeys()
        throw error
      })
      yield* bytesOf(opened)
    },
  }
}

/** @returns the keys in a file of them: one a line, comments begin with # */
export function keysIn(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** What is encrypted, and no identity was given. */
export function locked(where: string): OperatorError {
  return new OperatorError({
    what: `${where} is encrypted, and there is no identity to read it with.`,
    safe: 'Nothing was changed.',
    next: 'Name the file with the age identity: --identity FILE (ENGAGE_MIGRATE_IDENTITY_FILE).',
    exit: EXIT.precondition,
  })
}

/** What is encrypted for others than whoever would read it. */
export class ForOtherKeys extends OperatorError {
  /** @param where which snapshot, where that is known */
  constructor(where = 'It') {
    super({
      what: `${where} was encrypted for other keys: none of the identities given can read it.`,
      safe: 'Nothing was changed.',
      next: 'Name the file with the identity of one of its recipients: --identity FILE.',
      exit: EXIT.precondition,
    })
  }
}

function usage(what: string, next: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: `${next} Mend it and run the same command again.`.trim(),
    exit: EXIT.usage,
  })
}

function webStream(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(chunks, { objectMode: false })) as ReadableStream<Uint8Array>
}

async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
