/**
 * `npm run test:mutations`: takes out, one at a time, the rules that the promise rests on, and shows which simulated
 * upgrade noticed.
 * Guarantees: each rule is taken out of a copy, and exactly where it stands: text that has moved is an error, not a
 * mutation that was survived. Exit code 0 only where every mutation was caught.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Mutation {
  /** The rule, as one says it. */
  readonly rule: string
  readonly file: string
  readonly changes: ReadonlyArray<readonly [from: string, to: string]>
}

const CONTACT_IMPORT = 'src/transfer/contact-import.ts'
const RECONCILE = 'src/transfer/reconcile.ts'
const DURABLE = 'src/snapshot/durable.ts'

export const MUTATIONS: readonly Mutation[] = [
  {
    rule: 'journal before sending',
    file: CONTACT_IMPORT,
    changes: [['await desk.items.sent(chunk)', '']],
  },
  {
    rule: 'ask before posting again',
    file: CONTACT_IMPORT,
    changes: [
      ["known.get(seq)?.state === 'sent')", 'false)'],
      [
        "(known.get(seq)?.state ?? 'unsent') === 'unsent')",
        "!['confirmed', 'rejected'].includes(known.get(seq)?.state ?? ''))",
      ],
    ],
  },
  {
    rule: 'take away what is claimed already',
    file: RECONCILE,
    changes: [['if (claimed.has(record.id)) continue', '']],
  },
  {
    rule: 'settle before asking',
    file: CONTACT_IMPORT,
    changes: [['since + desk.settleMs * times - desk.clock.elapsed()', '0 * since * times']],
  },
  {
    rule: 'count twins: one record answers for one item',
    file: RECONCILE,
    changes: [['free.get(key)?.shift()', 'free.get(key)?.[0]']],
  },
  {
    rule: 'sync the bytes before the rename',
    file: DURABLE,
    changes: [['  await handle.sync()\n  await handle.close()', '  await handle.close()']],
  },
  {
    rule: 'sync the folder after the rename',
    file: DURABLE,
    changes: [["if (process.platform === 'win32') return", 'return']],
  },
  {
    rule: 'sync the names that an earlier process has made',
    file: 'src/snapshot/writer.ts',
    changes: [
      [
        'async function syncNames(folder: string): Promise<void> {\n',
        'async function syncNames(folder: string): Promise<void> {\n  if (folder !== "") return\n',
      ],
    ],
  },
  {
    rule: 'the manifest last, when every part is there',
    file: 'src/upgrade/pass.ts',
    changes: [
      [
        'checkpoint: (each) => journal.addPart(checkpointName, each.proof.number, each as unknown as Json),',
        `checkpoint: (each) => {
          journal.addPart(checkpointName, each.proof.number, each as unknown as Json)
          const parts = (journal.parts(checkpointName) as unknown as Checkpoint<PassTally>[]).map(({ proof }) => proof)
          const now = new Date(clock.now()).toISOString()
          const listed = parts.reduce((sum, { contactCount }) => sum + contactCount, 0)
          const facts = { tool, tenant: plan.tenant, schemaId: plan.schemaId, pass: label, compression, schema }
          const times = { createdAt: now, startedAt: now, finishedAt: now }
          void finishSnapshot(folder, { ...facts, ...times, contacts: { source: '', listed, failed: 0 } }, parts)
            .catch(() => undefined)
        },`,
      ],
    ],
  },
  {
    rule: 'commits are synced',
    file: 'src/journal/tables.ts',
    changes: [['PRAGMA synchronous = FULL', 'PRAGMA synchronous = OFF']],
  },
  {
    rule: 'verify on disk before deleting',
    file: 'src/upgrade/last-look.ts',
    changes: [
      // The looks at who is gone and at a sample read the snapshot, too, and would stumble over the damage.
      [
        '  await assertSnapshots(context)\n  const back = await assertStillGone(context)\n  await assertQuiet(context)\n',
        '  const back = 0\n',
      ],
    ],
  },
  {
    rule: 'hold the final pass against those before it',
    file: 'src/upgrade/final-pass.ts',
    changes: [["if (noted?.['snapshot'] !== snapshot) {", "if (noted?.['snapshot'] === '') {"]],
  },
  {
    rule: 'what went with the schema is posted again',
    file: 'src/upgrade/recreation.ts',
    changes: [['  await lookAnew(context, lot, isCreated(context, lot))\n', '']],
  },
  {
    rule: 'before deleting again, see whose it is',
    file: 'src/upgrade/schema-effects.ts',
    changes: [['    await assertOurs()\n', '']],
  },
  {
    rule: 'what the deletion took away is never taken for ours',
    file: 'src/upgrade/lot.ts',
    changes: [['new Set(read.interactions.map(({ id }) => id))', 'new Set<string>()']],
  },
  {
    rule: 'name what differs',
    file: 'src/upgrade/verification.ts',
    changes: [['yield* differences', 'yield* differences.slice(differences.length)']],
  },
  {
    rule: 'name what was left with contacts that went',
    file: 'src/upgrade/gone.ts',
    changes: [
      ['if (gone.has(contactId)) for (const record of interactions) lost.set(record.id, record)', ''],
    ],
  },
  {
    rule: 'wait until a deletion is carried through',
    file: 'src/upgrade/clearing.ts',
    changes: [
      ['if (first === undefined || late)', 'if (began >= 0)'],
      ['  if (first !== undefined) throw notCleared(context, first)\n', ''],
    ],
  },
]

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '600' },
    rule: { type: 'string' },
  },
})

async function caughtBy({ file, changes }: Mutation): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-mutation-'))
  try {
    for (const name of ['src', 'test', 'package.json'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const path = join(folder, file)
    let text = readFileSync(path, 'utf8')
    for (const [from, to] of changes) {
      if (text.split(from).length !== 2) throw new Error(`${file} does not have this exactly once: ${from}`)
      text = text.replace(from, () => to)
    }
    writeFileSync(path, text)
    return await campaign(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns the first seed that failed and why, in a line; an empty text where none did */
async function campaign(folder: string): Promise<string> {
  const args = ['test/crash/campaign.ts', '--runs', values.runs, '--first-failure', '--no-shrink', '--json']
  try {
    await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 28 })
    return ''
  } catch (error) {
    const { stderr } = error as { readonly stderr: string }
    const told = /Seed (\d+) failed: (.*(?:\n.*)?)/.exec(stderr)
    if (told === null) throw error
    return `${told[1]}: ${(told[2] ?? '').replace(/\s+/g, ' ').slice(0, 110)}`
  }
}

let survived = 0
for (const mutation of MUTATIONS.filter(({ rule }) => rule.includes(values.rule ?? ''))) {
  const seed = await caughtBy(mutation)
  if (seed === '') survived += 1
  console.log(`${mutation.rule.padEnd(48)} ${seed === '' ? 'SURVIVED' : `caught by seed ${seed}`}`)
}
process.exitCode = survived === 0 ? 0 : 1
