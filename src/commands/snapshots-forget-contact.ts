/** `snapshots forget-contact`: removes contacts, and all that is theirs, from every snapshot. */
import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { parseGuid } from '../contacts/guid.ts'
import { erase } from '../erasure/erasure.ts'
import { concernedIn, type Member, search } from '../erasure/search.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { catalogOf, homesIn, type SchemaHome } from '../snapshot/catalog.ts'
import type { Place } from '../snapshot/place.ts'
import { type Opener, sealFor } from '../snapshot/seal.ts'
import { countOf } from '../words.ts'
import { BACKUP_FLAGS, contactsInFile, recipientsOf } from './backup-request.ts'
import { lockBackups, lockSchema } from './backup-work.ts'
import { type Args, type Command, listOf, type Tools, textOf } from './command.ts'
import { assertAllFinished, assertNoRunNeeds, assertNothingUnfinished, type Searched } from './forgettable.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { rootThere } from './places.ts'
import { runsKnowing } from './runs-knowing.ts'
import { FROM } from './which-snapshot.ts'

export const snapshotsForgetContact: Command = {
  group: 'snapshots',
  usage: 'forget-contact [contactIds..]',
  describe: 'remove contacts, and all their interactions, from every snapshot; prove what is left',
  positionals: { contactIds: 'ids of the contacts' },
  flags: {
    contacts: { type: 'string', describe: 'file with the ids of the contacts, instead of naming them here' },
    'dry-run': { type: 'boolean', describe: 'say which snapshots hold them; change nothing' },
    from: FROM,
    identity: IDENTITY,
    'encrypt-to': BACKUP_FLAGS['encrypt-to'],
    'recipients-file': BACKUP_FLAGS['recipients-file'],
  },
  settings: ['data'],
  epilogue:
    'Removed for good, from full snapshots and increments of all schemas and tenants that are kept there; each remembers that it was done, ' +
    "by the SHA-256 of the id. Encrypted ones take an identity to read, and the same public keys to write. The contact's next backup brings it " +
    'back: delete it in Engage first, and take it out of the contact list. Copies elsewhere, and older versions that a bucket keeps, are not reached.',
  interrupted:
    'Each snapshot is whole, with the contacts or without. Run the same command again: it does the rest.',
  async run(args, tools) {
    const contacts = await contactsNamed(args)
    const dryRun = args['dry-run'] === true
    const config = readConfig(args, tools.env, false)
    const root = await rootThere(textOf(args, 'from'), config, tools.stop)
    const opener = openerOf(args, tools.env)
    const recipients = recipientsOf(args)
    const homes = await homesIn(root)
    if (homes.length === 0) {
      tellRuns(await runsKnowing(config.data, contacts, tools.clock), config, tools)
      throw wrong(`There are no snapshots in ${root.name}: nothing was looked at.`)
    }
    using held = new DisposableStack()
    if (!dryRun) hold(held, homes, config, tools)
    assertNothingUnfinished(homes, config, SPOOL, tools)
    const searched = await searchAll(root, homes, { contacts, opener }, tools)
    const concerned = searched.flatMap(({ families }) => families.flatMap(concernedIn))
    if (!dryRun) assertNoRunNeeds(root.folder, config, searched, tools)
    const onDone = (member: Member): void => tools.output.say(lineOf(member))
    if (dryRun) concerned.forEach(onDone)
    const seal = recipients.length === 0 ? undefined : sealFor(recipients)
    for (const { tenant, families } of dryRun ? [] : searched) {
      const spool = join(config.data, 'backups', tenant, SPOOL)
      await erase(families, { opener, seal, spool, clock: tools.clock, stop: tools.stop, onDone })
    }
    const known = await runsKnowing(config.data, contacts, tools.clock)
    const looked = searched.flatMap(({ families }) => families.flatMap(({ members }) => members)).length
    tools.output.say(lastLine(concerned.length, looked, dryRun))
    tellRuns(known, config, tools)
    tools.output.result({
      dryRun,
      looked,
      snapshots: concerned.map(resultOf),
      runs: known,
    })
    return EXIT.done
  },
}

const SPOOL = 'erasure'

/** @throws OperatorError (exit 2) where nobody is named, or an id is none */
async function contactsNamed(args: Args): Promise<ReadonlySet<string>> {
  const typed = listOf(args, 'contactIds')
  const file = textOf(args, 'contacts')
  if (typed.length === 0 && file === undefined)
    throw wrong('Say which contacts: their ids, or --contacts FILE with ids.')
  const ids = typed.map((text) => {
    const id = parseGuid(text)
    if (id === undefined) throw wrong(`${JSON.stringify(text)} is no contact id (a GUID).`)
    return id
  })
  return new Set([...ids, ...(file === undefined ? [] : await contactsInFile(file))])
}

/** Nobody else may read or write these snapshots meanwhile: what one builds on would change under it. */
function hold(
  held: DisposableStack,
  homes: readonly SchemaHome[],
  config: Config,
  tools: Pick<Tools, 'clock'>,
): void {
  for (const tenant of new Set(homes.map((home) => home.tenant))) held.use(lockBackups(config, tenant, tools))
  for (const { place, tenant, schemaId } of homes) {
    if (place.folder !== undefined) held.use(lockSchema(place.folder, { tenant, schemaId }, tools))
  }
}

async function searchAll(
  root: Place,
  homes: readonly SchemaHome[],
  { contacts, opener }: { readonly contacts: ReadonlySet<string>; readonly opener: Opener | undefined },
  { stop, output }: Tools,
): Promise<readonly Searched[]> {
  const found: Searched[] = []
  const total = homes.reduce((sum, { stamps }) => sum + stamps.length, 0)
  let done = 0
  for (const { tenant, schemaId } of homes) {
    const entries = await catalogOf(root, { tenant, schemaId })
    assertAllFinished(entries)
    const families = await search(entries, contacts, opener, () => {
      stop.throwIfAborted()
      done += 1
      output.progress({ phase: 'looking for them: snapshots', done, total, doneHere: done })
    })
    found.push({ tenant, schemaId, families })
  }
  return found
}

const NOTHING = 'Nothing was changed.'

function lineOf({ link, contacts, interactions, leftovers }: Member): string {
  const { tenant, schemaId } = link.manifest
  const what = [
    ...(contacts.size === 0
      ? []
      : [`${countOf(contacts.size, 'contact')}, ${countOf(interactions, 'interaction')}`]),
    ...(leftovers.length === 0
      ? []
      : [`${countOf(leftovers.length, 'file')} left by a process that was cut short`]),
  ]
  const nothing = 'nothing of its own; it goes together with one that has them'
  return `${tenant}/${schemaId}/${link.place.base}: ${what.join('; ') || nothing}`
}

function resultOf({ link, contacts, interactions, leftovers }: Member) {
  const { tenant, schemaId } = link.manifest
  const counts = { contacts: contacts.size, interactions, leftovers: leftovers.length }
  return { tenant, schemaId, snapshot: link.place.base, ...counts }
}

function lastLine(concerned: number, looked: number, dryRun: boolean): string {
  const of = `of ${countOf(looked, 'snapshot')}`
  if (concerned === 0) return `None ${of} holds them. Nothing was changed.`
  return dryRun
    ? `Dry run: nothing was changed. To be rid of them: ${concerned} ${of}`
    : `Rid of them, and proven: ${concerned} ${of}. Make sure that the contacts are deleted in Engage, and not in the list of contacts any more.`
}

function tellRuns(runs: readonly string[], { data }: Pick<Config, 'data'>, { output }: Tools): void {
  for (const run of runs)
    output.say(
      `Run ${run} has them in its own files (run.db, and what it left of its import): remove ${join(data, 'runs', run)} when nobody needs it any more.`,
    )
}

function wrong(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: NOTHING,
    next: 'engage-migrate snapshots forget-contact --help',
    exit: EXIT.usage,
  })
}
