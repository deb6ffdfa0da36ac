/**
 * A disk that fills up, for real.
 * Guarantees: what a process writes beyond its size fails as on any full disk: on a small file system in memory where
 * this user may mount one, and else by the largest size that a file may have; closing undoes the mount.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export interface Disk {
  readonly kind: 'tmpfs' | 'file size' | undefined
  readonly folder: string
  /** Whether there is still no more room than at the beginning. */
  isFull(): boolean
  makeRoom(): void
  /** What a process is limited to, in units of 512 bytes. */
  fileBlocks(): number | undefined
  close(): void
}

/**
 * @param kilobytes room that there is; absent: the machine's
 * @param byFile only the size of a file is limited, whatever this user may mount
 */
export function openDisk(folder: string, kilobytes: number | undefined, byFile: boolean): Disk {
  mkdirSync(folder, { recursive: true })
  let full = kilobytes !== undefined
  const mounted = kilobytes !== undefined && !byFile && mount(folder, `size=${kilobytes}k`)
  return {
    kind: kilobytes === undefined ? undefined : mounted ? 'tmpfs' : 'file size',
    folder,
    isFull: () => full,
    makeRoom() {
      if (mounted) mount(folder, 'remount,size=64m')
      full = false
    },
    // A file is a part of all: with a quarter of the room for each, one of them will come to its end.
    fileBlocks: () => (full && !mounted && kilobytes !== undefined ? Math.ceil(kilobytes / 2) : undefined),
    close() {
      if (mounted) execFileSync('umount', [folder], { stdio: 'ignore' })
    },
  }
}

function mount(folder: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
