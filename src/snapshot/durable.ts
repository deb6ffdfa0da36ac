/**
 * Files that are either whole or absent, whatever is killed or loses power.
 * Guarantees: a file gets its name only after its bytes are on disk, and a name is on disk when a call returns;
 * files are 0600 and folders 0700, for they hold personal data.
 */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { TEMPORARY } from './format.ts'

/**
 * Makes the folder and those above it, where they are missing, and makes their names durable: also those that are
 * there already, for whoever made them may have been killed before it came to that.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    const path = resolve(folder)
    await mkdir(path, { recursive: true, mode: 0o700 })
    for (let at = path; dirname(at) !== at; at = dirname(at)) await syncFolder(dirname(at))
  } catch (error) {
    throw cannotWrite(folder, error)
  }
}

/**
 * Makes the names in a folder durable. Windows has no such call: there the file system's journal does it. A folder that
 * we may not read is none that we put a name into.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r').catch((error: unknown) => {
    if (['EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return undefined
    throw error
  })
  if (handle === undefined) return
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** @returns a handle on the temporary file of `name`, emptied if an earlier attempt left one. */
export function openTemporary(folder: string, name: string): Promise<FileHandle> {
  return open(join(folder, name + TEMPORARY), 'w', 0o600)
}

/** Gives a temporary file its name, once its bytes are on disk; the folder is still to be synced. */
export async function seal(folder: string, name: string, handle: FileHandle): Promise<void> {
  await handle.sync()
  await handle.close()
  await rename(join(folder, name + TEMPORARY), join(folder, name))
}

/** Writes a small file whole. Throws an OperatorError where the disk refuses. */
export async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await openTemporary(folder, name)
    await handle.writeFile(bytes)
    await seal(folder, name, handle)
    await syncFolder(folder)
  } catch (error) {
    await handle?.close().catch(() => undefined)
    throw cannotWrite(join(folder, name), error)
  }
}

/** @returns the error of a disk that refused, told to the operator. */
export function cannotWrite(path: string, cause: unknown): OperatorError {
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(cause) ?? '')
  return new OperatorError({
    what: `Cannot write ${path}: ${messageOf(cause)}.`,
    safe:
      'Nothing half-written counts: a file gets its name, and a snapshot its manifest, only when it is whole. ' +
      'What was finished before stays as it is.',
    next: full
      ? 'Make room on that disk, then run the same command again: it goes on after the last finished part.'
      : 'Make sure that the folder exists and is writable, then run the same command again.',
    exit: EXIT.failed,
    cause,
  })
}
