/**
 * Streams that are sorted by name, merged.
 * Guarantees: each name comes once, with what every stream has of it, in the order of the streams; one entry of each is
 * held; a stream that is not sorted ends in an OperatorError.
 */
import { refusal } from './provenlines.ts'

export interface NamedStream<Entry> {
  /** What its entries are read from, for messages. */
  readonly from: string
  readonly entries: AsyncIterator<Entry>
}

/** What streams have of one name, in their order; `index` is the stream's place, from 0. */
export interface Merged<Entry> {
  readonly name: string
  readonly entries: ReadonlyArray<{ readonly index: number; readonly entry: Entry }>
}

/** @param nameOf what an entry is sorted by, in the order of code units; each once in a stream */
export async function* merged<Entry>(
  streams: readonly NamedStream<Entry>[],
  nameOf: (entry: Entry) => string,
): AsyncGenerator<Merged<Entry>, void, undefined> {
  const next = async (index: number, after: string | undefined) => {
    const result = await (streams[index] as (typeof streams)[number]).entries.next()
    if (result.done === true) return undefined
    const head = { name: nameOf(result.value), entry: result.value }
    if (after !== undefined && head.name <= after)
      throw refusal(`${streams[index]?.from}: its contacts are not sorted.`)
    return head
  }
  const heads = await Promise.all(streams.map((_, index) => next(index, undefined)))
  try {
    for (;;) {
      let name: string | undefined
      for (const head of heads)
        if (head !== undefined && (name === undefined || head.name < name)) name = head.name
      if (name === undefined) return
      const entries: { readonly index: number; readonly entry: Entry }[] = []
      for (const [index, head] of heads.entries()) {
        if (head?.name !== name) continue
        entries.push({ index, entry: head.entry })
        heads[index] = await next(index, name)
      }
      yield { name, entries }
    }
  } finally {
    for (const { entries } of streams) await entries.return?.()
  }
}
