/**
 * Many simulations at once, one process a core.
 * Guarantees: verdicts come in the order of the seeds; a worker that dies is a failure of the seed that it was at.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Answer, Order } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Memory is the fastest disk, and as good as any: what is durable is up to the simulation. */
const MEMORY = '/dev/shm'

/** A worker is replaced after so many: promises that nobody will ever settle add up. */
const ORDERS_EACH = 500

/** A simulation takes a fraction of a second: one that is not done by then goes round in circles. */
const LONGEST_MS = 60_000

/** @param orders as many as wanted: they are taken as they are needed */
export async function* carriedOut(orders: Iterable<Order>): AsyncGenerator<Answer, void, undefined> {
  const queue = orders[Symbol.iterator]()
  const waiting: Promise<Answer>[] = []
  const free: Worker[] = Array.from({ length: Math.max(1, availableParallelism()) }, () => new Worker())
  const all = new Set(free)
  const line: Array<(worker: Worker) => void> = []
  let over = false
  const hand = async (order: Order): Promise<Answer> => {
    const worker = free.pop() ?? (await new Promise<Worker>((resolve) => line.push(resolve)))
    try {
      if (over) return { ...NOTHING, seed: order.seed, failure: undefined }
      return await worker.carryOut(order)
    } finally {
      const next = line.shift()
      if (next === undefined) free.push(worker)
      else next(worker)
    }
  }
  try {
    for (;;) {
      while (waiting.length < all.size * 2) {
        const order = queue.next()
        if (order.done === true) break
        waiting.push(hand(order.value))
      }
      const first = waiting.shift()
      if (first === undefined) return
      yield await first
    }
  } finally {
    over = true
    for (const worker of all) worker.end()
  }
}

class Worker {
  #process: ChildProcess | undefined
  #done = 0

  carryOut(order: Order): Promise<Answer> {
    if (this.#done >= ORDERS_EACH) this.end()
    this.#done += 1
    this.#process ??= fork(WORKER, {
      env: { ...process.env, ...(existsSync(MEMORY) && { TMPDIR: MEMORY }) },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const child = this.#process
    return new Promise((resolve) => {
      const patience = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
      const answered = (answer: Answer): void => {
        clearTimeout(patience)
        child.off('exit', died)
        resolve(answer)
      }
      const died = (code: number | null): void => {
        clearTimeout(patience)
        child.off('message', answered)
        this.end()
        resolve({
          ...NOTHING,
          seed: order.seed,
          failure: code === null ? 'it did not end' : `the simulation ended with ${code}`,
        })
      }
      child.once('message', answered)
      child.once('exit', died)
      child.send(order)
    })
  }

  end(): void {
    this.#process?.kill()
    this.#process = undefined
    this.#done = 0
  }
}

const NOTHING = {
  figures: { processes: 0, crashes: 0, gets: 0, posts: 0, records: 0, rejected: 0, orphans: 0, faults: {} },
} as const
