/**
 * A finished snapshot on this machine → the place where snapshots are kept.
 * Guarantees: the manifest goes last, when every other file has been read back from there and is what was written, and all of
 * them are there still, with none beside them; done again after a kill it goes on, and what is there already is not sent again;
 * the copy on this machine is removed only then.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { type FileProof, filesNamed, isPartName, MANIFEST } from '../snapshot/format.ts'
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
  const files = filesNamed(manifest)
  const there = new Map((await to.list()).files.map(({ name, bytes }) => [name, bytes]))
  for (const [index, proof] of files.entries()) {
    if (there.get(proof.name) !== proof.bytes || (await differs(to, proof)).length > 0)
      await putProven(folder, proof, to)
    onFile(index + 1, files.length)
  }
  await assertTheseAlone(to, files)
  await writeManifest(to, await bytesAt(localPlace(folder), MANIFEST))
  // Whoever may only write there can't; what it costs is money, and prune does it, too.
  await to.tidy().catch(() => undefined)
  await rm(folder, { recursive: true })
}

/** Somebody may have taken half a snapshot for one that was given up; an earlier attempt may have been of more parts. */
async function assertTheseAlone(to: Place, files: readonly FileProof[]): Promise<void> {
  const named = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const found = (await to.list()).files.filter(({ name }) => isPartName(name) || named.has(name))
  for (const { name } of found) if (!named.has(name)) await to.remove(name)
  const there = new Map(found.map(({ name, bytes }) => [name, bytes]))
  const gone = files.filter(({ name, bytes }) => there.get(name) !== bytes)
  if (gone.length > 0)
    throw notKept(
      to,
      gone.map(({ name }) => `${name} is not there any more`),
    )
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
