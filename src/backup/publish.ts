/**
 * A finished snapshot on this machine → the place where snapshots are kept.
 * Guarantees: the manifest goes last, when every other file has been read back from there and is what was written; done
 * again after a kill it goes on, and what is there already is not sent again; the copy on this machine is removed only then.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { type FileProof, filesOf, MANIFEST, type Manifest } from '../snapshot/format.ts'
import { bytesAt, manifestAt } from '../snapshot/manifest-file.ts'
import { proveBytes } from '../snapshot/partproof.ts'
import { localPlace, type Place } from '../snapshot/place.ts'
import { Problems } from '../snapshot/problems.ts'

/**
 * @param folder of the snapshot, finished and proven
 * @param onFile told of each file that is there and read back, and of how many
 * @throws OperatorError where the place refuses, or does not keep what it was given
 */
export async function publish(
  folder: string,
  to: Place,
  onFile: (done: number, of: number) => void = () => {},
): Promise<void> {
  const manifest = await manifestAt(localPlace(folder))
  const files = proofsOf(manifest)
  const there = new Map((await to.list()).files.map(({ name, bytes }) => [name, bytes]))
  for (const [index, proof] of files.entries()) {
    if (there.get(proof.name) !== proof.bytes || (await differs(to, proof)).length > 0)
      await putProven(folder, proof, to)
    onFile(index + 1, files.length)
  }
  await writeManifest(to, await bytesAt(localPlace(folder), MANIFEST))
  await rm(folder, { recursive: true })
}

/** Puts a file of a folder there, and reads it back. @throws OperatorError as `publish` */
export async function putProven(folder: string, proof: FileProof, to: Place): Promise<void> {
  await to.put(proof.name, join(folder, proof.name))
  const problems = await differs(to, proof)
  if (problems.length > 0) throw notKept(to, problems)
}

/** Writes the manifest there, and reads it back. @throws OperatorError as `publish` */
export async function writeManifest(to: Place, text: Buffer): Promise<void> {
  await to.write(MANIFEST, text)
  if (!text.equals(await bytesAt(to, MANIFEST))) throw notKept(to, [`${MANIFEST} is not as it was written`])
}

function proofsOf({ schema, encryption, parts }: Manifest) {
  const key = encryption?.index?.key
  return [schema, ...(key === undefined ? [] : [key]), ...parts.flatMap(filesOf)]
}

async function differs(to: Place, proof: FileProof): Promise<readonly string[]> {
  const problems = new Problems()
  await proveBytes(to, proof, problems)
  return problems.list()
}

function notKept(to: Place, problems: readonly string[]): OperatorError {
  return new OperatorError({
    what: `${to.name} does not keep what it is given: ${problems.join('; ')}.`,
    safe: 'Nothing was removed: what is whole on this machine goes there with the next run.',
    next: 'Look at that storage, then run the same command again.',
    exit: EXIT.failed,
  })
}
