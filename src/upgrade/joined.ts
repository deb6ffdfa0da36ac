/**
 * Contacts that have joined the tenant since the final pass froze its list.
 * Guarantees: each that the tenant names is read; one that has interactions voids the producers' stop and the final pass, since
 * these are nowhere but in the tenant; changes nothing there.
 */
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import { openTemporaryContacts } from '../journal/contacts.ts'
import { addCreatedSince, countContacts } from '../transfer/contact-source.ts'
import { readContact } from '../transfer/export.ts'
import { inOrder } from '../transfer/pump.ts'
import { countOf } from '../words.ts'
import { assessCoverage, type Coverage } from './coverage.ts'
import { withdrawStop } from './final-pass.ts'
import { passResult } from './pass.ts'
import type { ReadContext } from './strategy.ts'

/**
 * @returns how many there are without any interaction; null where the tenant can't name them, or has the schema no more
 * @throws OperatorError (exit 4) where one has interactions
 */
async function readJoined(context: ReadContext): Promise<number | null> {
  const { journal, reader, clock, plan, settings, stop } = context
  const since = journal.events.latest('contacts', 'finished')?.at ?? clock.now()
  using named = openTemporaryContacts()
  if ((await addCreatedSince(since, named, reader, clock.now())) === undefined) return null
  const looks = inOrder(
    outside(journal.contacts, named),
    async (contactId) => {
      stop.throwIfAborted()
      return readContact(reader, clock, contactId, plan.schemaId)
    },
    { concurrency: settings.concurrency, window: settings.concurrency * 2 },
  )
  let joined = 0
  try {
    for await (const { contactId, state, interactions } of looks) {
      if (interactions.length > 0)
        withdrawStop(context, `contact ${contactId}, which the final pass did not know, has interactions`)
      joined += Number(state === 'read')
    }
  } catch (error) {
    // Where the schema is gone already there is nothing to be read, nor to be lost any more.
    if (error instanceof EngageError && saysSchemaNotFound(error)) return null
    throw error
  }
  return joined
}

type List = ReadContext['journal']['contacts']

function* outside(list: List, named: List): Generator<string> {
  for (let at = 0; at < named.count(); at += 1_000)
    for (const id of named.slice(at, 1_000)) if (!list.has(id)) yield id
}

/** How many contacts the tenant has, by its own count, and how many of these were read since and have nothing. */
export interface Standing {
  readonly counted: number | null
  readonly joined: number | null
  /** Contacts that the final pass has as gone and that are there again, without any interaction; 0 where nobody has looked. */
  readonly back?: number
  /** See Basis. */
  readonly least?: number | null
}

/** Asks how the tenant stands now. @throws OperatorError (exit 4) where a contact that has joined has interactions */
export async function standingNow(context: ReadContext): Promise<Pick<Standing, 'counted' | 'joined'>> {
  const joined = await readJoined(context)
  return { joined, counted: (await countContacts(context.reader)) ?? null }
}

/** @returns how sure it is now that the list, and those that have joined since, are all contacts */
export function coverageWith(context: Pick<ReadContext, 'journal' | 'plan'>, standing: Standing): Coverage {
  const { counted, joined, least = null } = standing
  const { contacts, gone, createdSince } = passResult(context, 'final-pass')
  const coverage = assessCoverage({
    listed: contacts + (joined ?? 0),
    gone,
    counted: counted ?? undefined,
    createdSince: createdSince ?? undefined,
    sample: context.plan.coverageSample,
  })
  const more = (lackingIn(context, standing) ?? 0) - (least ?? 0)
  const hidden = least !== null && more > 0
  return {
    sure: coverage.sure && !hidden,
    statements: [
      ...coverage.statements,
      ...(joined === null || joined === 0
        ? []
        : [`Of these, ${joined} joined after the final pass; each was read, and has no interactions.`]),
      ...(hidden
        ? [
            `Since the final pass some have gone, and the count has grown again: ${countOf(more, 'contact')} may have joined that nobody has read.`,
          ]
        : []),
    ],
  }
}

/** @returns contacts that the tenant counts beyond those that are known, below 0 where it counts fewer; null where it gives no count */
export function lackingIn(
  context: Pick<ReadContext, 'journal'>,
  { counted, joined, back = 0 }: Standing,
): number | null {
  const { contacts, gone } = passResult(context, 'final-pass')
  return counted === null ? null : counted - (contacts - gone + (joined ?? 0) + back)
}
