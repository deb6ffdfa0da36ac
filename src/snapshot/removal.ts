/**
 * Removes snapshots.
 * Guarantees: the manifest goes first, so that a kill at any point leaves a whole snapshot or none (half a one, which can
 * be removed again), never one that lacks a file; what is no part of a snapshot is left where it is, and told; one that
 * follows another goes before it.
 */
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { INDEX_KEY, isPartName, MANIFEST, SCHEMA, TEMPORARY } from './format.ts'
import type { Place } from './place.ts'

export interface Removed {
  /** Bytes of the files removed. */
  readonly bytes: number
  /** Files and folders in it that are none of a snapshot's; where there are any, they and the folder stay. */
  readonly left: readonly string[]
}

/**
 * Removes a snapshot, or what there is of it. Doing it again is harmless.
 * @param half whether it was decided on as half a snapshot
 * @throws OperatorError (exit 1) where the place refuses, or a half one has become a whole one since
 */
export async function removeSnapshot(place: Place, half = false): Promise<Removed> {
  try {
    const { files, folders } = await place.list()
    if (half && files.some(({ name }) => name === MANIFEST)) throw finishedMeanwhile(place)
    const ours = files.filter(({ name }) => belongs(name))
    const others = files.filter(({ name }) => !belongs(name)).map(({ name }) => name)
    const manifestFirst = [
      ...ours.filter(({ name }) => name === MANIFEST),
      ...ours.filter(({ name }) => name !== MANIFEST),
    ]
    for (const { name } of manifestFirst) await place.remove(name)
    await place.tidy()
    return { bytes: ours.reduce((sum, { bytes }) => sum + bytes, 0), left: [...others, ...folders] }
  } catch (error) {
    throw error instanceof OperatorError ? error : cannotRemove(place, error)
  }
}

function belongs(name: string): boolean {
  return [MANIFEST, SCHEMA, INDEX_KEY].includes(name) || isPartName(name) || name.endsWith(TEMPORARY)
}

/** @returns the same snapshots, each before the one that it follows */
export function childrenFirst<T extends { readonly stamp: string; readonly parent: string | undefined }>(
  snapshots: readonly T[],
): readonly T[] {
  const byStamp = new Map(snapshots.map((each) => [each.stamp, each]))
  const depthOf = (each: T): number => {
    let depth = 0
    for (let at = byStamp.get(each.parent ?? ''); at !== undefined; at = byStamp.get(at.parent ?? '')) {
      depth += 1
      // Snapshots that follow each other can't be; where files say so, any order will do.
      if (depth > snapshots.length) break
    }
    return depth
  }
  return snapshots
    .map((each) => ({ each, depth: depthOf(each) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ each }) => each)
}

function finishedMeanwhile(place: Place): OperatorError {
  return new OperatorError({
    what: `${place.name} was half a snapshot when it was decided on, and is a finished one now.`,
    safe: 'It was not touched.',
    next: 'Run the same command again.',
    exit: EXIT.failed,
  })
}

function cannotRemove(place: Place, cause: unknown): OperatorError {
  return new OperatorError({
    what: `Cannot remove ${place.name}: ${codeOf(cause) ?? messageOf(cause)}.`,
    safe: 'What was to stay is untouched. What was begun to be removed is whole, or counts as half a snapshot.',
    next: 'Make sure that the place can be written to, then run the same command again: it removes the rest.',
    exit: EXIT.failed,
    cause,
  })
}
