/**
 * A snapshot that a run makes of others: what is taken out of one to be restored, what is merged of two.
 * Guarantees: where it goes is in the journal before anything is written; it gets a folder of its own, and what an earlier
 * attempt has written is gone: it is quicker to write it anew than to find out how far it is good.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../json.ts'
import { stamp } from '../names.ts'
import type { Intent } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/** @param action the name under which the journal keeps it @returns where it is to be written, and how */
export async function beginDerived(
  { journal, snapshots, clock, settings }: ReadContext,
  action: string,
): Promise<Intent> {
  const before = journal.events.latest(action, 'intent')?.detail as JsonObject | undefined
  if (before !== undefined)
    await rm(join(snapshots, String(before['snapshot'])), { recursive: true, force: true })
  let at = clock.now()
  while (existsSync(join(snapshots, stamp(at)))) at += 1
  const intent: Intent = { snapshot: stamp(at), compression: settings.compression }
  journal.events.append('intent', action, { ...intent })
  return intent
}
