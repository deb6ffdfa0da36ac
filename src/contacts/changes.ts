/**
 * Contacts that changed in a span of time, however many they are.
 * Guarantees: every instant from `from` to `to` lies in a window that the server answered; an id may come more
 * than once (windows share their boundary), which callers merge.
 */
import { EngageError } from '../engage/errors.ts'
import type { ChangeType, EngageReader } from '../engage/types.ts'
import { EXIT, OperatorError } from '../errors.ts'

/** In milliseconds: a narrower window is not asked for. */
const NARROWEST = 1000

export interface ChangesSpan {
  readonly changeType: ChangeType
  /** Milliseconds since the epoch, both ends. */
  readonly from: number
  readonly to: number
}

/**
 * The ids of contacts that changed, window by window, in the order of time.
 *
 * The server answers 400 to a window with over 250,000 ids ("Contact changes"): such a window is halved. Whether
 * it counts a window's ends in is not documented, so the halves share the instant between them: at worst an id
 * comes twice. For the same reason a change at exactly `to` may be missing: ask for a later `to`.
 * @returns lower-case GUIDs. Throws an OperatorError where a window of a second is still refused, or the span ends
 *   before it begins; and whatever else the reader throws.
 */
export async function* contactsChanged(
  reader: Pick<EngageReader, 'contactChanges'>,
  span: ChangesSpan,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const { changeType } = span
  if (!(span.from <= span.to)) throw backwards(span)
  const windows = [{ from: span.from, to: span.to }]
  for (let window = windows.pop(); window !== undefined; window = windows.pop()) {
    const { from, to } = window
    let ids: readonly string[]
    try {
      ids = await reader.contactChanges({ changeType, from, to }, signal)
    } catch (error) {
      if (!(error instanceof EngageError) || error.status !== 400) throw error
      if (to - from <= NARROWEST) throw refused(changeType, from, to, error)
      const middle = Math.floor((from + to) / 2)
      windows.push({ from: middle, to }, { from, to: middle })
      continue
    }
    yield* ids
  }
}

function refused(changeType: ChangeType, from: number, to: number, cause: EngageError): OperatorError {
  return new OperatorError({
    what:
      `Engage refuses to list the contacts ${changeType.toLowerCase()} from ${new Date(from).toISOString()} ` +
      `to ${new Date(to).toISOString()}, a second or less: ${cause.serverMessage}`,
    safe: 'Nothing was changed.',
    next: 'Have the vendor activate the endpoint for contact changes, or pass a file of contact ids instead.',
    exit: EXIT.precondition,
    cause,
  })
}

function backwards({ from, to }: ChangesSpan): OperatorError {
  return new OperatorError({
    what: `The span of contact changes ends (${to}) before it begins (${from}).`,
    safe: 'Nothing was changed.',
    exit: EXIT.usage,
  })
}
