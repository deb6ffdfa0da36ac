/**
 * A disk that fills up, for real.
 * Guarantees: what a process writes beyond what is free fails as on any full disk: on a small file system in memory
 * that somebody else fills, where this user may mount one, and else by the largest size that a file may have; closing
 * undoes the mount.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Disk {
  readonly kind: 'tmpfs' | 'file size' | undefined
  readonly folder: string
  readonly isFull: boolean
  /** From now on there is next to no room. */
  fill(): void
  makeRoom(): void
  /** What a process is limited to, in units of 512 bytes. */
  readonly fileBlocks: number | undefined
  close(): void
}

const SIZE = '16m'

/**
 * @param wanted how it is to be made full; a file system that can't be mounted is made do without
 * @param kilobytes what there is left once it is full
 */
export function openDisk(parent: string, wanted: Disk['kind'], kilobytes: number): Disk {
  const mountPoint = join(parent, 'disk')
  const folder = join(mountPoint, 'data')
  const ballast = join(mountPoint, 'ballast')
  mkdirSync(mountPoint)
  const kind = wanted === 'tmpfs' && !mount(mountPoint) ? 'file size' : wanted
  mkdirSync(folder)
  let full = false
  return {
    kind,
    folder,
    get isFull() {
      return full
    },
    fill() {
      if (full || kind === undefined) return
      full = true
      if (kind !== 'tmpfs') return
      const { bavail, bsize } = statfsSync(mountPoint)
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - kilobytes * 1_024)))
    },
    makeRoom() {
      rmSync(ballast, { force: true })
      full = false
    },
    // A file is a part of all: with half of the room for each, one of them will come to its end.
    get fileBlocks() {
      return full && kind === 'file size' ? kilobytes : undefined
    },
    close() {
      if (kind === 'tmpfs') execFileSync('umount', [mountPoint], { stdio: 'ignore' })
    },
  }
}

function mount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
