/**
 * What stands in a snapshot's folder before something is done to it.
 * Guarantees: nothing here changes the folder; a disk that can't be read is never taken for an empty one.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, EXIT, OperatorError } from '../errors.ts'
import { type FileProof, MANIFEST } from './format.ts'

/** Throws an OperatorError where one of these files is missing or has another size. */
export async function checkFiles(folder: string, files: readonly FileProof[]): Promise<void> {
  for (const file of files) {
    const found = await sizeOf(join(folder, file.name))
    if (found === file.bytes) continue
    const what = found === undefined ? 'is missing' : `has ${found} bytes, not the ${file.bytes} written`
    throw new OperatorError({
      what: `${join(folder, file.name)} ${what}: it was changed since the export wrote it.`,
      safe: 'Nothing was changed in the tenant.',
      next: 'Put the file back, or start a new export into a new folder.',
      exit: EXIT.precondition,
    })
  }
}

/** Throws an OperatorError where the folder already is a snapshot. */
export async function refuseFinished(folder: string): Promise<void> {
  if (!(await isFinished(folder))) return
  throw new OperatorError({
    what: `${folder} already is a finished snapshot.`,
    safe: 'It was not touched.',
    next: 'Write into a new folder.',
    exit: EXIT.precondition,
  })
}

/** @returns whether the folder has a manifest. */
export async function isFinished(folder: string): Promise<boolean> {
  return (await sizeOf(join(folder, MANIFEST))) !== undefined
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
