/**
 * What a tenant accepts each time, and does not keep.
 * Guarantees: an interaction is refused for it only where it was posted in every mending round, its last POST was answered
 * with an id, and the tenant has nothing under that id; where they are many none of them is: then something is wrong with
 * the whole.
 */
import type { Item } from '../journal/items.ts'
import { tooManyRejected } from '../transfer/post.ts'
import { inOrder } from '../transfer/pump.ts'
import { itemsOf, type Lot } from './lot.ts'
import type { WriteContext } from './strategy.ts'

/**
 * @param missing numbers of the records that the last read-back missed
 * @param rounds how often what was missing has been posted again
 * @returns whether any of them is refused now, so that it counts as missing no more
 */
export async function refuseUnkept(
  context: WriteContext,
  lot: Lot,
  missing: readonly number[],
  rounds: number,
): Promise<boolean> {
  const { journal, reader, settings, stop } = context
  const items = itemsOf(journal, lot)
  const sought = missing.flatMap((seq) => items.range(seq, seq + 1))
  const looked = inOrder(
    sought.filter(({ state, posts }) => state === 'confirmed' && posts > rounds),
    async (item) => ({ item, live: await reader.getInteraction(item.newId ?? '', stop) }),
    { concurrency: settings.concurrency, window: settings.concurrency * 4 },
  )
  const unkept: Item[] = []
  for await (const { item, live } of looked) if (live === undefined) unkept.push(item)
  const { confirmed, rejected } = items.counts()
  if (tooManyRejected(unkept.length, confirmed + rejected, settings.refusedAtMost)) return false
  await Promise.all(unkept.map(({ seq, posts }) => items.rejected(seq, unkeptReason(posts))))
  if (unkept.length > 0)
    context.say(
      `${unkept.length} interactions were accepted each time and are not kept: they count as refused`,
    )
  // An earlier process may have refused them, and died before it read back.
  return unkept.length > 0 || sought.some(({ state, newId }) => state === 'rejected' && newId === undefined)
}

/** @param problems what the record breaks of the schema's rules, where it does */
export function unkeptReason(posts: number, problems: readonly string[] = []): string {
  const times = posts === 1 ? 'once' : `${posts} times`
  return [`Engage accepted it ${times} and does not keep it`, problems.join('; ')].filter(Boolean).join(': ')
}
