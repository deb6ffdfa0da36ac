/**
 * Reads a file of history to its end: what is good is sorted by contact, what is bad is listed.
 * Guarantees: flat memory; every line is either an interaction or a bad line, and counted; once there is a bad line that
 * may not be, nothing more is kept, but all of them are found.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import type { BadLines } from './bad-lines.ts'
import { Ids, madeUpId } from './ids.ts'
import { type Found, Interpreter } from './interpret.ts'
import { assertColumns, FLAT, layoutOf, type Mapping, sourcesOf } from './mapping.ts'
import type { HistoryFile } from './rows.ts'
import { Sorter } from './sort.ts'

export interface Gathering {
  readonly file: HistoryFile
  readonly schema: InteractionSchema
  readonly mapping: Mapping
  /** The offset of dates that have none. */
  readonly zone: string | undefined
  /** Where more than fits into memory is put. */
  readonly folder: string
  readonly bad: BadLines
  /** Whether bad lines may be left out. */
  readonly skipBad: boolean
  /** As the sorter's. */
  readonly runSize?: number
  readonly stop: AbortSignal
  onProgress?(lines: number): void
}

/** An interaction with the id that it will have. */
export type Sorted = Found & { readonly id: string }

export interface Gathered extends AsyncDisposable {
  /** Sorted by contact and id (code units); to be asked once. Those whose id was on an earlier line are not among them. */
  interactions(): AsyncGenerator<Sorted, void, undefined>
  readonly count: number
  /** Rows, good and bad. */
  readonly lines: number
  /** Fields that went into no interaction, and in how many rows they had a value. */
  readonly unknown: Readonly<Record<string, number>>
}

/**
 * @returns what is in the file; its bad lines are in `bad`, which is still open
 * @throws OperatorError (exit 2) where the file is not well-formed, or a field that was named is in none of its rows;
 *   what `stop` was aborted with
 */
export async function gather(options: Gathering): Promise<Gathered> {
  const { file, schema, mapping, bad, stop, folder, runSize } = options
  if (file.columns !== undefined) assertColumns(file.path, file.columns, mapping)
  let interpreter = file.columns && interpreterFor(options, true, FLAT)
  const sorter = new Sorter<Sorted>({
    ...{ folder, name: 'sorting', compare: byContact, parse: parseSorted },
    ...(runSize !== undefined && { runSize }),
  })
  const ids = new Ids(folder, runSize)
  const discard = async (): Promise<void> => {
    await sorter.discard()
    await ids.discard()
  }
  try {
    let lines = 0
    let good = 0
    for await (const row of file.rows) {
      stop.throwIfAborted()
      lines += 1
      options.onProgress?.(lines)
      if ('problem' in row) {
        await bad.add(row.line, [row.problem])
        continue
      }
      interpreter ??= interpreterFor(options, false, layoutOf(row.fields, schema))
      const found = interpreter.read(row.line, row.fields)
      if (!isFound(found)) await bad.add(row.line, found)
      else {
        if (found.id !== undefined) await ids.add(found.line, found.id)
        if (bad.count > 0 && !options.skipBad) continue
        await sorter.add({ ...found, id: found.id ?? madeUpId(found.line) }, row.size)
        good += 1
      }
    }
    assertSeen(file, mapping, interpreter)
    const repeated = await ids.repeated()
    for (const [line, first] of [...repeated].sort(([a], [b]) => a - b))
      await bad.add(line, [`its id is that of line ${first}`])
    await ids.discard()
    return {
      async *interactions() {
        for await (const each of sorter.sorted()) if (!repeated.has(each.line)) yield each
      },
      count: good - repeated.size,
      lines,
      unknown: interpreter?.unknown() ?? {},
      [Symbol.asyncDispose]: discard,
    }
  } catch (error) {
    await discard()
    throw error
  }
}

function interpreterFor(
  { schema, mapping, zone }: Gathering,
  cells: boolean,
  layout: Parameters<typeof sourcesOf>[1],
): Interpreter {
  return new Interpreter({ schema, sources: sourcesOf(mapping, layout, schema), cells, zone })
}

/** A name that was mistyped would leave a property out of every interaction. */
function assertSeen(file: HistoryFile, mapping: Mapping, interpreter: Interpreter | undefined): void {
  // A column that is empty in every row is there all the same.
  if (file.columns !== undefined || interpreter === undefined) return
  const unseen = interpreter.unseen([...mapping.parts.values(), ...mapping.properties.values()])
  if (unseen.length === 0) return
  const there = Object.keys(interpreter.unknown())
  throw new OperatorError({
    what:
      `No line of ${file.path} has the field ${unseen.map((name) => JSON.stringify(name)).join(', ')}, which --map names.` +
      (there.length === 0 ? '' : ` Fields that nothing was made of: ${there.join(', ')}.`),
    safe: 'Nothing was changed.',
    next: 'Name the right one: --map PROPERTY=FIELD.',
    exit: EXIT.usage,
  })
}

function byContact(a: Sorted, b: Sorted): number {
  if (a.contactId !== b.contactId) return a.contactId < b.contactId ? -1 : 1
  if (a.id !== b.id) return a.id < b.id ? -1 : 1
  return a.line - b.line
}

function isFound(found: Found | readonly string[]): found is Found {
  return !Array.isArray(found)
}

/** @param line as the sorter has written it */
function parseSorted(line: string): Sorted {
  const value = parseJson(line)
  if (!isObject(value)) throw new Error('a sorted line is not an object')
  return value as unknown as Sorted
}
