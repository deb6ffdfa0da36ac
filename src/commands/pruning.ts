/**
 * Prunes the snapshots of one schema.
 * Guarantees: what is removed was decided on while the schema was held, so that no run is at work on it; before anything
 * goes, the newest complete snapshot of each kind has been proven, in this very run, and of the others that stay no file is
 * missing or has another size: where one is damaged, nothing goes.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { isHeld } from '../journal/lock.ts'
import { timeOf } from '../names.ts'
import { verdictLines } from '../report/retention.ts'
import { type Subject, subjectOf } from '../snapshot/candidate.ts'
import { type CatalogEntry, catalogOf, type SchemaHome } from '../snapshot/catalog.ts'
import { type FileProof, filesNamed } from '../snapshot/format.ts'
import type { Place } from '../snapshot/place.ts'
import { proveSnapshot } from '../snapshot/proof.ts'
import { childrenFirst, removeSnapshot } from '../snapshot/removal.ts'
import { decide, type Policy, type Verdict } from '../snapshot/retention.ts'
import { countOf } from '../words.ts'
import { lockBackups, lockSchema, OLDEST } from './backup-work.ts'
import type { Tools } from './command.ts'
import { needsOf } from './needed.ts'
import { sourcesOf } from './sources.ts'

export interface PruneOptions {
  readonly policy: Policy
  readonly config: Config
  /** Decides only. */
  readonly dryRun: boolean
}

export interface Pruned {
  readonly verdicts: readonly Verdict<Subject>[]
  /** Snapshots removed and bytes freed; in a dry run, what would be. */
  readonly removed: number
  readonly freed: number
  /** Why nothing was removed, or why somebody must look at what stays. */
  readonly trouble: OperatorError | undefined
}

/**
 * @param root where tenants' folders are
 * @throws OperatorError (exit 6) where another process works on the schema, (exit 1) where the place refuses; Interrupted
 */
export async function pruneSchema(
  root: Place,
  home: SchemaHome,
  { policy, config, dryRun }: PruneOptions,
  tools: Tools,
): Promise<Pruned> {
  using _held = dryRun ? undefined : holdSchema(home, config, tools)
  // Whoever holds the schema has nobody else at work on it.
  const atWork = dryRun && isAtWork(home)
  if (atWork) tools.output.say(`Somebody works on ${home.schemaId} in ${home.tenant} at this moment.`)
  const verdicts = await decideOn(root, home, { policy, config, inTheMaking: atWork }, tools)
  for (const line of verdictLines(home, verdicts)) tools.output.say(line)
  const doomed = childrenFirst(verdicts.filter(({ keep }) => !keep).map(({ snapshot }) => snapshot))
  const trouble = unusableIn(home, verdicts)
  if (dryRun) {
    const freed = doomed.reduce((sum, { entry }) => sum + entry.bytes, 0)
    return { verdicts, removed: doomed.length, freed, trouble }
  }
  const damage = doomed.length === 0 ? undefined : await damageIn(verdicts, tools)
  if (damage !== undefined) return { verdicts: allKept(verdicts), removed: 0, freed: 0, trouble: damage }
  return { verdicts, trouble, ...(await removeAll(doomed, tools)) }
}

/** @returns how far it came: what a place refuses ends it */
async function removeAll(
  doomed: readonly Subject[],
  { stop, output }: Tools,
): Promise<Pick<Pruned, 'removed' | 'freed'> & Partial<Pruned>> {
  let freed = 0
  for (const [removed, { entry }] of doomed.entries()) {
    stop.throwIfAborted()
    try {
      const { bytes, left } = await removeSnapshot(entry.place, entry.condition === 'half')
      freed += bytes
      if (left.length > 0)
        output.say(`Left in ${entry.place.name}, since it is no part of a snapshot: ${left.join(', ')}`)
    } catch (error) {
      if (error instanceof OperatorError) return { removed, freed, trouble: error }
      throw error
    }
  }
  return { removed: doomed.length, freed }
}

/** Whoever works on a schema holds it, where its snapshots are on this machine. Elsewhere only backups write. */
function holdSchema({ place, tenant, schemaId }: SchemaHome, config: Config, tools: Tools): Disposable {
  const { folder } = place
  if (folder === undefined) return lockBackups(config, tenant, tools)
  return lockSchema(folder, { tenant, schemaId }, tools)
}

/** Another machine may be writing what is half in an object store: it takes no longer than a backup is gone on with. */
function mayBeElsewhere({ place, condition, stamp }: CatalogEntry, now: number): boolean {
  return place.folder === undefined && condition === 'half' && timeOf(stamp) > now - OLDEST
}

function isAtWork({ place }: SchemaHome): boolean {
  return place.folder !== undefined && isHeld(join(place.folder, 'lock'))
}

async function decideOn(
  root: Place,
  { tenant, schemaId }: SchemaHome,
  { policy, config, inTheMaking }: Pick<PruneOptions, 'policy' | 'config'> & Pick<Subject, 'inTheMaking'>,
  { clock }: Tools,
): Promise<readonly Verdict<Subject>[]> {
  const entries = await catalogOf(root, { tenant, schemaId })
  // Runs work on what is beside them; of other places, only restores read.
  const needs =
    root.folder === undefined ? undefined : needsOf({ data: root.folder, tenant, schemaId }, clock)
  const sources = sourcesOf(config.data, clock)
  const subjects = entries.map((entry) =>
    subjectOf(entry, {
      needs: [...(needs?.of(entry.stamp) ?? []), ...sources.of(entry.place)],
      inTheMaking: inTheMaking || mayBeElsewhere(entry, clock.now()),
    }),
  )
  return decide(subjects, policy, clock.now())
}

/** Proves those that the others may be removed for. What is encrypted is proven by its bytes. */
async function damageIn(
  verdicts: readonly Verdict<Subject>[],
  tools: Tools,
): Promise<OperatorError | undefined> {
  for (const { snapshot, keep } of verdicts) {
    const { place, manifest } = snapshot.entry
    if (!keep || manifest === undefined) continue
    const sizes = new Map((await place.list()).files.map(({ name, bytes }) => [name, bytes]))
    const lacking = filesNamed(manifest).filter(({ name, bytes }) => sizes.get(name) !== bytes)
    if (lacking.length > 0) return lacks(place, lacking, tools)
  }
  for (const { snapshot, newest } of verdicts) {
    if (!newest) continue
    const { place } = snapshot.entry
    const proof = await proveSnapshot(place, {
      onProgress: ({ part, parts }) => {
        tools.stop.throwIfAborted()
        tools.output.progress({
          phase: `proving ${snapshot.stamp}: parts`,
          done: part,
          total: parts,
          doneHere: part,
        })
      },
    })
    if (proof.ok) continue
    for (const problem of proof.problems) tools.output.say(`Damaged: ${problem}`)
    return new OperatorError({
      what: `${place.name} is the newest complete snapshot of its kind (${snapshot.pass}), and it is damaged (problems found: ${proof.problems.length}).`,
      safe: 'No snapshot of this schema was removed.',
      next: 'Put the damaged files back from a copy, make a new backup where it is one, or move its folder away. Then run the same command again.',
      exit: EXIT.differences,
    })
  }
  return undefined
}

function lacks({ name }: Place, files: readonly FileProof[], { output }: Tools): OperatorError {
  for (const file of files) output.say(`Damaged: ${file.name} is missing, or has another size`)
  return new OperatorError({
    what: `${name} is to stay, and it is damaged: files are missing, or have another size (${files.length}).`,
    safe: 'No snapshot of this schema was removed.',
    next: 'Put the damaged files back from a copy, or move its folder away. Then run the same command again.',
    exit: EXIT.differences,
  })
}

function allKept(verdicts: readonly Verdict<Subject>[]): readonly Verdict<Subject>[] {
  return verdicts.map((each) =>
    each.keep
      ? each
      : { ...each, keep: true, reasons: ['nothing is removed: one that is to stay is damaged'] },
  )
}

function unusableIn(
  { tenant, schemaId }: SchemaHome,
  verdicts: readonly Verdict<Subject>[],
): OperatorError | undefined {
  const unusable = verdicts.filter(({ snapshot }) => snapshot.condition === 'unusable')
  if (unusable.length === 0) return undefined
  const stamps = unusable.map(({ snapshot }) => snapshot.stamp)
  return new OperatorError({
    what: `${countOf(unusable.length, 'snapshot')} of ${schemaId} in ${tenant} can't be used: ${stamps.join(', ')}.`,
    safe: 'They are never removed, nor what is older: they may follow it.',
    next: 'Put their manifests back from a copy, or move their folders away once you know that nobody needs them.',
    exit: EXIT.differences,
  })
}
