/** A process that takes a lock, says so, and keeps it until it dies: `node holder.ts FILE`. */
import { systemClock } from '../../src/clock.ts'
import { acquireLock } from '../../src/journal/lock.ts'

const lock = acquireLock(process.argv[2] ?? '', 'run child', systemClock)
process.stdout.write('held\n')
process.stdin.resume()
process.stdin.once('end', () => lock[Symbol.dispose]())
