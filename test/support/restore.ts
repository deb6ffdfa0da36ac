/** A restore of a snapshot of the bench's tenant: planned, and walked through as the command does. */
import { join } from 'node:path'
import { localPlace } from '../../src/snapshot/place.ts'
import { openSnapshot } from '../../src/snapshot/reader.ts'
import { digestFile } from '../../src/transfer/contact-source.ts'
import { compareAnew, type Figures, figuresOf } from '../../src/upgrade/comparison.ts'
import { planRestore, type RestoreRequest } from '../../src/upgrade/restore-plan.ts'
import { runStrategy } from '../../src/upgrade/runner.ts'
import { strategyOf } from '../../src/upgrade/status.ts'
import type { RunSettings, WriteContext } from '../../src/upgrade/strategy.ts'
import { BASE_URL, type Bench, TOOL } from './bench.ts'
import { temporaryFolder } from './folder.ts'
import { takeSnapshot } from './importing.ts'
import { openRun, type Run } from './run.ts'

export interface RestoreOptions extends Partial<Omit<RestoreRequest, 'snapshot' | 'contacts'>> {
  /** Path of a file with contact ids. */
  readonly contacts?: string
  /** The tenant that is restored into. */
  readonly tenant?: string
  readonly settings?: Partial<RunSettings>
  /** The data folder, where its own is wanted among those of other runs. */
  readonly data?: string
}

/** @returns the folder of a snapshot of all that the tenant holds now */
export async function backedUp(bench: Bench): Promise<string> {
  const folder = join(await temporaryFolder(), 'source')
  await takeSnapshot(bench, folder)
  return folder
}

export async function restoreRun(bench: Bench, source: string, options: RestoreOptions = {}): Promise<Run> {
  const { contacts, tenant = 'test', settings = {}, data, ...request } = options
  const plan = await planRestore(
    {
      schemaId: bench.schema.id,
      since: null,
      until: null,
      createSchema: false,
      otherTenant: false,
      ...request,
      snapshot: await openSnapshot(source),
      contacts:
        contacts === undefined ? null : { file: contacts, sha256: await digestFile(contacts), column: null },
    },
    { reader: bench.reader, clock: bench.clock, tenant, baseUrl: BASE_URL, tool: TOOL, ratePerSecond: 150 },
  )
  const folder = data === undefined ? await temporaryFolder() : join(data, 'runs', plan.run)
  const run = openRun(bench, plan, folder, { settings })
  const { schemaId, strategy } = plan
  run.journal.events.append('finished', 'plan', {
    digest: run.context.planDigest,
    tenant,
    schemaId,
    strategy,
  })
  const context: WriteContext = {
    ...run.context,
    source: async () => ({ place: localPlace(source), opener: undefined }),
  }
  return { ...run, context }
}

/** What `restore --dry-run` does. @returns its figures */
export async function dryRun({ journal, context }: Run): Promise<Figures> {
  compareAnew(journal)
  await runStrategy(strategyOf(journal), context, undefined)
  return figures({ journal })
}

export function figures({ journal }: Pick<Run, 'journal'>): Figures {
  const found = figuresOf(journal)
  if (found === undefined) throw new Error('nothing was compared')
  return found
}
