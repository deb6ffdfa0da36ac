/**
 * Which schemas a backup is of.
 * Guarantees: what is backed up is held until the backup ends, so that no upgrade changes it meanwhile; with --all nothing
 * is left out without a word: neither what an upgrade works on, nor what was backed up before and is gone.
 */
import { latestBackup } from '../backup/latest.ts'
import type { Config } from '../config.ts'
import type { EngageReader } from '../engage/types.ts'
import { OperatorError } from '../errors.ts'
import type { Place } from '../snapshot/place.ts'
import { lockSchema } from './backup-work.ts'
import type { Tools } from './command.ts'
import { snapshotsFolder } from './open.ts'
import { assertNoOtherRun } from './runs.ts'

/** A schema that `--all` leaves out, though nobody has asked for that. */
export interface LeftOut {
  readonly schemaId: string
  readonly why: string
}

export interface SchemasWanted {
  readonly tenant: string
  /** Undefined where all are meant. */
  readonly asked: readonly string[] | undefined
  /** Ids that `--all` is to leave out. */
  readonly except: ReadonlySet<string>
}

export interface ChosenSchemas {
  readonly schemaIds: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * @param home where the backups of the tenant are
 * @param held what is locked is let go with it
 * @throws OperatorError (exit 4 or 6) where a schema that is asked for by its id is in use; EngageError where the tenant
 *   does not name its schemas
 */
export async function chooseSchemas(
  { tenant, asked, except }: SchemasWanted,
  { config, reader, home }: { readonly config: Config; readonly reader: EngageReader; readonly home: Place },
  held: DisposableStack,
  tools: Tools,
): Promise<ChosenSchemas> {
  const there = asked ?? (await reader.listSchemas(tools.stop)).map(({ id }) => id)
  const leftOut: LeftOut[] = []
  const schemaIds: string[] = []
  for (const schemaId of there.filter((id) => !except.has(id))) {
    try {
      held.use(lockSchema(snapshotsFolder(config, tenant, schemaId), { tenant, schemaId }, tools))
      assertNoOtherRun(config, { tenant, schemaId }, tools)
      schemaIds.push(schemaId)
    } catch (error) {
      if (asked !== undefined || !(error instanceof OperatorError)) throw error
      leftOut.push({ schemaId, why: error.message })
    }
  }
  if (asked !== undefined) return { schemaIds, leftOut }
  const kept = (await home.list()).folders
  for (const id of except)
    tools.output.say(
      there.includes(id) || kept.includes(id)
        ? `Left out on purpose: ${id} (--except)`
        : `--except names ${id}, which is neither in the tenant nor among its backups.`,
    )
  const absent = kept.filter((id) => !there.includes(id) && !except.has(id))
  const gone = await backedUpBefore(home, absent)
  return { schemaIds, leftOut: [...leftOut, ...gone.map((each) => usedOr(each, tenant, config, tools))] }
}

/** An upgrade that is between deleting a schema and recreating it brings it back: nobody is to leave it out for that. */
function usedOr(absent: LeftOut, tenant: string, config: Config, tools: Tools): LeftOut {
  try {
    assertNoOtherRun(config, { tenant, schemaId: absent.schemaId }, tools)
    return absent
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { ...absent, why: error.message }
  }
}

/** An upgrade's snapshots or imported history promise no further nights. */
async function backedUpBefore(home: Place, absent: readonly string[]): Promise<readonly LeftOut[]> {
  const found: LeftOut[] = []
  for (const schemaId of absent) {
    const latest = await latestBackup(home.at(schemaId))
    if (latest === undefined) continue
    const why = `it is not in the tenant any more; its latest backup is ${latest.stamp}. Where it is meant to be gone: --except ${schemaId}`
    found.push({ schemaId, why })
  }
  return found
}
