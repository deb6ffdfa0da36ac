/**
 * `npm run test:crash -- --runs N --seed S --real M`: upgrades in which everything goes wrong, simulated and real.
 * Guarantees: exit code 0 only where not one run ended otherwise than it must; each failure is shown with the command
 * that replays it and with the fewest things that bring it about.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from '../support/built.ts'
import { type RealVerdict, runReal } from './real.ts'
import { carriedOut } from './sim/crew.ts'
import type { Answer, Order, Variant } from './sim/worker.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    real: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    cost: { type: 'boolean', default: false },
    'first-failure': { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

interface Sum {
  runs: number
  crashes: number
  gets: number
  posts: number
  records: number
  rejected: number
  orphans: number
  readonly failed: number[]
  readonly faults: { [kind: string]: number }
}

const first = Number(values.seed)

async function simulated(variant: Variant): Promise<Sum> {
  const sum: Sum = {
    ...{ runs: 0, crashes: 0, gets: 0, posts: 0, records: 0, rejected: 0, orphans: 0 },
    failed: [],
    faults: {},
  }
  for await (const answer of carriedOut(orders(variant))) {
    sum.runs += 1
    for (const name of ['crashes', 'gets', 'posts', 'records', 'rejected', 'orphans'] as const)
      sum[name] += answer.figures[name]
    for (const [kind, count] of Object.entries(answer.figures.faults))
      sum.faults[kind] = (sum.faults[kind] ?? 0) + count
    if (answer.trace !== undefined) for (const line of answer.trace) console.error(line)
    if (answer.failure !== undefined) {
      sum.failed.push(answer.seed)
      tell(answer)
      if (values['first-failure']) break
    } else if (sum.runs % 500 === 0) console.error(`${sum.runs} simulated, ${sum.failed.length} failed`)
  }
  return sum
}

function* orders(variant: Variant): Generator<Order> {
  for (let n = 0; n < Number(values.runs); n++) {
    yield {
      seed: first + n,
      variant,
      shrink: !values['no-shrink'],
      trace: values.trace,
      ...(values.only !== undefined && { only: values.only.split(',') }),
    }
  }
}

function tell({ seed, failure, needed }: Answer): void {
  console.error(`\nSeed ${seed} failed: ${failure}`)
  const only = needed === undefined ? '' : ` --only ${needed.map(({ name }) => name).join(',') || 'nothing'}`
  for (const { name, text } of needed ?? []) console.error(`  ${name}: ${text}`)
  console.error(`Replay it: npm run test:crash -- --runs 1 --seed ${seed}${only} --trace`)
}

/** What a death costs: the same upgrades with deaths and without, and nothing else that goes wrong. */
async function cost(): Promise<number> {
  const calm = await simulated('calm')
  const crashes = await simulated('crashes')
  const each = (name: 'gets' | 'posts'): string => ((crashes[name] - calm[name]) / crashes.crashes).toFixed(2)
  console.log(
    `${calm.runs} upgrades without a death: ${calm.gets} GETs, ${calm.posts} POSTs for ${calm.records} records.`,
  )
  console.log(`The same with ${crashes.crashes} deaths: ${crashes.gets} GETs, ${crashes.posts} POSTs.`)
  console.log(`A death costs ${each('gets')} GETs and ${each('posts')} POSTs.`)
  return calm.failed.length + crashes.failed.length
}

/** Upgrades by real processes of the built command line. */
async function real(): Promise<number> {
  using built = build()
  const began = performance.now()
  const verdicts: RealVerdict[] = []
  let next = first
  const last = first + Number(values.real) - 1
  const work = async (): Promise<void> => {
    while (next <= last) {
      const verdict = await runReal(next++, built.program)
      verdicts.push(verdict)
      if (verdict.failure === undefined) continue
      console.error(`\nSeed ${verdict.seed} failed: ${verdict.failure}`)
      console.error(`Replay it: npm run test:crash -- --runs 0 --real 1 --seed ${verdict.seed}`)
    }
  }
  // Most of the time a real upgrade waits.
  await Promise.all(Array.from({ length: availableParallelism() * 3 }, work))
  const sum = (
    name: 'processes' | 'kills' | 'stops' | 'lockedOut' | 'full' | 'orphans' | 'records',
  ): number => verdicts.reduce((total, verdict) => total + verdict[name], 0)
  const failed = verdicts.filter(({ failure }) => failure !== undefined).map(({ seed }) => seed)
  const seconds = Math.round((performance.now() - began) / 1_000)
  const faults: { [kind: string]: number } = {}
  for (const verdict of verdicts)
    for (const [kind, count] of Object.entries(verdict.faults)) faults[kind] = (faults[kind] ?? 0) + count
  const disks = verdicts.flatMap(({ disk }) => disk ?? [])
  if (values.json) {
    const { length: runs } = verdicts
    const counts = {
      kills: sum('kills'),
      stops: sum('stops'),
      lockedOut: sum('lockedOut'),
      full: sum('full'),
    }
    console.log(JSON.stringify({ runs, ...counts, disks: disks.length, failed, faults, seconds }))
    return failed.length
  }
  console.log(
    `Real upgrades: ${verdicts.length} (seeds ${first} to ${last}), failed: ${failed.length}, in ${seconds} s.`,
  )
  console.log(
    `  ${sum('processes')} processes, ${sum('kills')} killed, ${sum('stops')} stopped, ${sum('lockedOut')} turned away by another; ` +
      `${disks.length} upgrades on a full disk (${[...new Set(disks)].join(', ')}), ${sum('full')} processes that found it full.`,
  )
  console.log(
    `  ${sum('records')} records, ${sum('orphans')} orphans repaired; faults on the wire: ${JSON.stringify(faults)}`,
  )
  if (failed.length > 0) console.log(`  Failed: ${failed.join(' ')}`)
  return failed.length
}

async function campaign(): Promise<number> {
  const began = performance.now()
  const { failed, faults, ...sum } = await simulated('all')
  const seconds = Math.round((performance.now() - began) / 1_000)
  if (values.json) console.log(JSON.stringify({ ...sum, failed, faults, seconds }))
  else {
    const struck = Object.values(faults).reduce((a, b) => a + b, 0)
    console.log(
      `Simulated upgrades: ${sum.runs} (seeds ${first} to ${first + sum.runs - 1}), failed: ${failed.length}, in ${seconds} s.`,
    )
    console.log(`  ${sum.crashes} deaths, ${struck} faults on the wire: ${JSON.stringify(faults)}`)
    console.log(
      `  ${sum.records} records, ${sum.gets} GETs, ${sum.posts} POSTs, ${sum.orphans} orphans found later and repaired, ${sum.rejected} refused by name.`,
    )
    if (failed.length > 0) console.log(`  Failed: ${failed.join(' ')}`)
  }
  return failed.length
}

const failures = values.cost
  ? await cost()
  : (Number(values.runs) > 0 ? await campaign() : 0) + (Number(values.real) > 0 ? await real() : 0)
process.exitCode = failures === 0 ? 0 : 1
