/**
 * A folder that goes away with its test.
 * Guarantees: on a file system of the machine's own; in memory where there is one with room, since these tests wait for a
 * disk half of their time, and ask nothing of it. What does (snapshots, crashes, the command line) keeps to the disk.
 */
import { statfsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const MEMORY = '/dev/shm'
/** Containers give 64 MB, as a rule: too little for tests that run side by side. */
const ROOM = 2 ** 30

const root = hasRoom() ? MEMORY : tmpdir()

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize >= ROOM
  } catch {
    return false
  }
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(root, 'engage-migrate-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
