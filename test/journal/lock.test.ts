import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { readHolder, thisProcess, writeHolder } from '../../src/journal/holder.ts'
import { acquireLock, isHeld } from '../../src/journal/lock.ts'
import { thrownBy } from '../support/failure.ts'
import { temporaryFolder } from '../support/folder.ts'

const HOLDER = fileURLToPath(new URL('holder.ts', import.meta.url))

/** @returns a process that holds the lock */
async function holder(file: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOLDER, file], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.stdout === null) throw new Error('no output')
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the holder ended with ${code}`)
    }),
  ])
  return child
}

describe('the lock', () => {
  it('is had by one at a time: the second is told who has it, with exit code 6', async () => {
    const file = join(await temporaryFolder(), 'deep', 'lock')
    using _held = acquireLock(file, 'run one', systemClock)
    expect(isHeld(file)).toBe(true)
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock))).toMatchObject({
      name: 'OperatorError',
      exit: 6,
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  it('is free again when it has been let go of', async () => {
    const file = join(await temporaryFolder(), 'lock')
    acquireLock(file, 'run one', systemClock)[Symbol.dispose]()
    expect(isHeld(file)).toBe(false)
    using _again = acquireLock(file, 'run one', systemClock)
    expect(isHeld(file)).toBe(true)
  })

  it('that the disk refuses is told as that, and not kept', async () => {
    const file = join(await temporaryFolder(), 'lock')
    mkdirSync(`${file}.holder`)
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock))).toMatchObject({
      name: 'OperatorError',
      exit: 1,
      message: expect.stringContaining('run one'),
      next: expect.stringContaining('Make room'),
    })
    expect(isHeld(file)).toBe(false)
    rmdirSync(`${file}.holder`)
    using _held = acquireLock(file, 'run one', systemClock)
    expect(isHeld(file)).toBe(true)
  })

  it('held by another process is refused, and free once that one is killed', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const child = await holder(file)
    expect(isHeld(file)).toBe(true)
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock))).toMatchObject({
      exit: 6,
      message: expect.stringContaining(`process ${child.pid}`),
    })
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    expect(isHeld(file)).toBe(false)
    using _mine = acquireLock(file, 'run one', systemClock)
    expect(isHeld(file)).toBe(true)
  })

  it('is not broken while its holder is alive', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const child = await holder(file)
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock, true))).toMatchObject({
      exit: 6,
      message: expect.stringMatching(new RegExp(`process ${child.pid} .*The lock is not broken: `)),
    })
    expect(isHeld(file)).toBe(true)
  })

  it('that the file server still holds for a dead process is broken, by one', async () => {
    const file = join(await temporaryFolder(), 'lock')
    // Held by somebody who left no word, after a process that is dead has.
    await holder(file)
    const dead = spawn(process.execPath, ['-e', ''])
    await once(dead, 'exit')
    const { machine, boot, ...me } = thisProcess(0)
    writeHolder(`${file}.holder`, { ...me, machine, boot, pid: dead.pid ?? 0 })
    if (machine === null || boot === null) {
      expect(thrownBy(() => acquireLock(file, 'run one', systemClock, true))).toMatchObject({ exit: 6 })
      return
    }
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock))).toMatchObject({
      exit: 6,
      next: expect.stringContaining('--break-lock'),
    })
    {
      using _mine = acquireLock(file, 'run one', systemClock, true)
      expect(isHeld(file)).toBe(true)
      expect(readHolder(`${file}.holder`)).toMatchObject({ pid: process.pid })
      // The second who comes to break it finds a holder that is alive.
      expect(thrownBy(() => acquireLock(file, 'run one', systemClock, true))).toMatchObject({
        exit: 6,
        message: expect.stringContaining(`process ${process.pid} is alive`),
      })
    }
    expect(isHeld(file)).toBe(false)
  })

  it('is neither taken nor broken while another process is at taking it', async () => {
    const file = join(await temporaryFolder(), 'lock')
    writeHolder(`${file}.holder`, { ...thisProcess(0), boot: 'an earlier one' })
    using _other = acquireLock(`${file}.taking`, 'taking', systemClock)
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock, true))).toMatchObject({ exit: 6 })
    expect(thrownBy(() => acquireLock(file, 'run one', systemClock))).toMatchObject({ exit: 6 })
    expect(isHeld(file)).toBe(false)
  })

  it('is looked at without being made', async () => {
    const file = join(await temporaryFolder(), 'lock')
    expect(isHeld(file)).toBe(false)
    expect(existsSync(file)).toBe(false)
  })
})
