/**
 * What the snapshot before this one has, contact by contact, beside what is read now.
 * Guarantees: contacts come in the order of their names, each once; all of the parent is read, and held against its own
 * figures, before anything that follows it is finished; of an encrypted one only names are known, and no identity is needed.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Interaction } from '../model.ts'
import { contactsIn, type Link, namesOfContactsIn, originOf } from '../snapshot/chain.ts'
import { BY_ID, contentText } from '../snapshot/digests.ts'
import type { Parent } from '../snapshot/format.ts'
import type { ContactState } from '../snapshot/record.ts'
import { StateTally } from '../snapshot/state.ts'

/** A contact as the parent has it. */
export interface KnownContact {
  readonly name: string
  /** Undefined where only its name is known. */
  readonly contactId: string | undefined
  readonly state: ContactState
  /** Its interactions by name, with their text where that is known. */
  readonly held: ReadonlyMap<string, string | undefined>
  /** Undefined where only their names are known. */
  readonly interactions: readonly Interaction[] | undefined
}

/** What the parent has up to a name: those before it that are not in the list any more, and the one of that name. */
export interface Before {
  readonly dropped: readonly Pick<KnownContact, 'name' | 'contactId'>[]
  readonly known: KnownContact | undefined
}

export interface ParentView {
  readonly parent: Parent
  /** How many snapshots the parent is read from. */
  readonly links: number
  /** Interactions that it holds, as its manifest says. */
  readonly records: number
  /** Passes over all up to that name, the one of that name included: they were dealt with. */
  skip(name: string): Promise<void>
  /** To be asked in the order of names. */
  upTo(name: string): Promise<Before>
  /** What is left, and none of it in the list. @throws OperatorError where the parent is not what its manifest says */
  rest(): Promise<Before>
}

/** @param sealed whether the links are encrypted: their index is read then */
export function viewParent(links: readonly Link[], sealed: boolean): ParentView {
  const tip = links.at(-1) as Link
  const tally = new StateTally()
  const contacts = sealed ? sealedContacts(links, tally) : plainContacts(links, tally)
  let head: IteratorResult<KnownContact, void> | undefined
  const peek = async (): Promise<KnownContact | undefined> => {
    head ??= await contacts.next()
    return head.done === true ? undefined : head.value
  }
  const take = (): void => {
    head = undefined
  }
  return {
    parent: { snapshot: tip.place.base, origin: originOf(tip.manifest) },
    links: links.length,
    records: tip.manifest.interactions.records,
    async skip(name) {
      for (let at = await peek(); at !== undefined && at.name <= name; at = await peek()) take()
    },
    async upTo(name) {
      const dropped: Before['dropped'][number][] = []
      for (let at = await peek(); at !== undefined && at.name <= name; at = await peek()) {
        take()
        if (at.name === name) return { dropped, known: at }
        dropped.push({ name: at.name, contactId: at.contactId })
      }
      return { dropped, known: undefined }
    },
    async rest() {
      const dropped: Before['dropped'][number][] = []
      for (let at = await peek(); at !== undefined; at = await peek()) {
        take()
        dropped.push({ name: at.name, contactId: at.contactId })
      }
      assertWhole(tip, tally)
      return { dropped, known: undefined }
    },
  }
}

async function* plainContacts(
  links: readonly Link[],
  tally: StateTally,
): AsyncGenerator<KnownContact, void, undefined> {
  for await (const contact of contactsIn(links, BY_ID, undefined)) {
    tally.add(contact)
    const { name, contactId, state, interactions } = contact
    const held = new Map(interactions.map((record) => [record.id, contentText(record)]))
    yield { name, contactId, state, held, interactions }
  }
}

async function* sealedContacts(
  links: readonly Link[],
  tally: StateTally,
): AsyncGenerator<KnownContact, void, undefined> {
  for await (const { name, state, added } of namesOfContactsIn(links)) {
    tally.addSealed(state, added.length)
    const held = new Map(added.map((each) => [each, undefined]))
    yield { name, contactId: undefined, state, held, interactions: undefined }
  }
}

function assertWhole({ place, manifest }: Link, tally: StateTally): void {
  const { contacts, interactions, content } = tally.state()
  const { read, gone, failed } = contacts
  const listed = read + gone + failed
  const same =
    listed === manifest.contacts.listed &&
    interactions.records === manifest.interactions.records &&
    (content === undefined || manifest.content === undefined || content === manifest.content)
  if (same) return
  throw new OperatorError({
    what: `${place.name}, which this backup follows, is not what its manifest says: it holds ${interactions.records} interactions of ${listed} contacts.`,
    safe: 'Nothing was finished that follows it; the tenant was only read.',
    next: 'Look at it with engage-migrate verify, and make a full backup: the same command without --since.',
    exit: EXIT.differences,
  })
}
