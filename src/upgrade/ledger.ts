/**
 * What only one side holds, counted and listed: Engage, and the source system's history.
 * Guarantees: every record of both sides is in one of the figures; each that is on one side only is a line of a file in the
 * run's folder, which is whole or not there; memory doesn't grow with them.
 */
import { join } from 'node:path'
import type { Journal } from '../journal/journal.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Interaction } from '../model.ts'
import { PlainLines } from '../snapshot/plain-lines.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { countOf } from '../words.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'
import { type TwoSides, twoSides } from './two-sides.ts'

/** Names of the files, in the run's folder. */
export const ONLY_IN_ENGAGE = 'only-in-engage.ndjson'
export const ONLY_IN_SOURCE = 'only-in-source.ndjson'

/** Names of the actions that leave figures, the later one first. */
const ACTIONS = ['merge', 'history-comparison'] as const

/** In interactions, where nothing else is said. `both + onlyInEngage` is what Engage holds, `both + onlyInSource` the source. */
export interface HistoryFigures {
  readonly both: number
  readonly onlyInEngage: number
  readonly onlyInSource: number
  /** Of those only in the source: of contacts that Engage does not know (any more). They can't be imported. */
  readonly gone: number
  readonly goneContacts: number
  /** Contacts that the source has anything of. */
  readonly sourceContacts: number
  /** Of those only in the source: Engage has another event under their very id. */
  readonly sameId: number
  /** Each names an interaction, its date and its contact. */
  readonly engageExamples: readonly string[]
  readonly sourceExamples: readonly string[]
}

const EXAMPLES = 3

/**
 * Holds two snapshots against each other.
 * @param each is given every contact, once it is counted
 * @returns the figures, when both files are on disk to stay
 * @throws Interrupted after a stop; OperatorError where the disk refuses; what `each` throws
 */
export async function keepLedger(
  context: ReadContext,
  engage: Snapshot,
  source: Snapshot,
  each: (sides: TwoSides) => Promise<void> = async () => undefined,
): Promise<HistoryFigures> {
  const [ours, theirs] = [ONLY_IN_ENGAGE, ONLY_IN_SOURCE].map(
    (name) => new PlainLines(join(context.folder, name)),
  ) as [PlainLines, PlainLines]
  const figures = { both: 0, onlyInEngage: 0, onlyInSource: 0, gone: 0, goneContacts: 0 }
  let [sourceContacts, sameId] = [0, 0]
  const [engageExamples, sourceExamples]: [string[], string[]] = [[], []]
  try {
    for await (const sides of twoSides(context, engage, source)) {
      const { contact, both, onlyInEngage, onlyInSource } = sides
      const isGone = contact.state === 'gone' && onlyInSource.length > 0
      const ids = new Set(contact.interactions.map(({ id }) => id))
      figures.both += both.length
      figures.onlyInEngage += onlyInEngage.length
      figures.onlyInSource += onlyInSource.length
      figures.gone += isGone ? onlyInSource.length : 0
      figures.goneContacts += Number(isGone)
      sourceContacts += Number(both.length + onlyInSource.length > 0)
      sameId += onlyInSource.filter(({ id }) => ids.has(id)).length
      for (const record of onlyInEngage) await ours.add(lineOf(record, engageExamples))
      for (const record of onlyInSource)
        await theirs.add({ ...lineOf(record, sourceExamples), ...(isGone && { gone: true }) })
      await each(sides)
    }
    await ours.close()
    await theirs.close()
    return { ...figures, sourceContacts, sameId, engageExamples, sourceExamples }
  } catch (error) {
    await ours.abandon()
    await theirs.abandon()
    throw error
  }
}

function lineOf({ contactId, id, createdDate, payload }: Interaction, examples: string[]): JsonObject {
  if (examples.length < EXAMPLES) examples.push(`${id} of ${createdDate}, contact ${contactId}`)
  return { contactId, id, createdDate, payload }
}

/** @returns the latest figures; null where the run has none, or those that it had count no more */
export function historyFiguresOf(journal: Pick<Journal, 'events'>): HistoryFigures | null {
  const name = ACTIONS.find((each) => isDone(journal, { name: each }))
  if (name === undefined) return null
  const detail = journal.events.latest(name, 'finished')?.detail as JsonObject
  return detail['figures'] as unknown as HistoryFigures
}

/** @returns figures in one line, for whoever watches */
export function historyLine({ both, onlyInEngage, onlyInSource }: HistoryFigures): string {
  return `on both sides: ${countOf(both, 'interaction')}; only in Engage: ${onlyInEngage}; only in the history of the source: ${onlyInSource}`
}

/**
 * @param folder of the run; where absent, the files are named without it
 * @returns figures in words, for whoever decides on them
 */
export function historyLines(figures: HistoryFigures, folder = ''): readonly string[] {
  const { both, onlyInEngage, onlyInSource, gone, goneContacts, sameId } = figures
  const examples = (of: readonly string[]): readonly string[] => of.map((text) => `  such as ${text}`)
  return [
    `In Engage and in the history of the source: ${countOf(both, 'interaction')}`,
    `Only in Engage: ${onlyInEngage}${listedIn(onlyInEngage, folder, ONLY_IN_ENGAGE)}`,
    ...examples(figures.engageExamples),
    `Only in the history of the source: ${onlyInSource}${listedIn(onlyInSource, folder, ONLY_IN_SOURCE)}`,
    ...examples(figures.sourceExamples),
    ...(gone === 0
      ? []
      : [
          `  of these, of contacts that Engage does not know, so that they can't be imported: ${gone} of ${countOf(goneContacts, 'contact')}`,
        ]),
    ...(sameId === 0
      ? []
      : [
          `  of these, with the id of an interaction that Engage has with another date or content: ${sameId}. Look whether the history was read with the right --map and --time-zone.`,
        ]),
  ]
}

function listedIn(count: number, folder: string, name: string): string {
  return count === 0 ? '' : `, each in ${join(folder, name)}`
}

/** @returns figures as they are kept in the journal */
export function figuresDetail(figures: HistoryFigures): Json {
  return { figures: { ...figures } }
}
