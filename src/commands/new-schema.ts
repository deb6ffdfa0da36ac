/**
 * The new schema of an upgrade, as flags say it: the live one with properties made segmentable, or a file.
 * Guarantees: pure, but for reading the file; exactly one of both is taken, and anything else is refused.
 */
import type { OperatorError } from '../errors.ts'
import type { InteractionSchema } from '../model.ts'
import { makeSegmentable } from '../schema/segmentable.ts'
import { type Args, type Flag, listOf, textOf, wrongUse } from './command.ts'
import { schemaIn } from './schema-file.ts'

export const NEW_SCHEMA: Readonly<Record<string, Flag>> = {
  segment: {
    type: 'string',
    array: true,
    describe: 'properties to make segmentable, comma-separated (at most 6)',
  },
  to: { type: 'string', describe: 'file with the whole new schema, instead of --segment' },
}

/** @returns what makes the new schema of the old one @throws OperatorError (exit 2) where neither or both are given, or the file is no schema */
export function derivation(args: Args): (live: InteractionSchema) => InteractionSchema {
  const segment = listOf(args, 'segment')
  const to = textOf(args, 'to')
  if ((segment.length === 0) === (to === undefined)) {
    throw wrong('Say what changes: either --segment PROPERTY[,PROPERTY…] or --to FILE.')
  }
  if (to === undefined) return (live) => makeSegmentable(live, segment)
  const wanted = schemaIn(to)
  return () => wanted
}

function wrong(what: string): OperatorError {
  return wrongUse(what, 'Say it by one of the two flags, and run the same command again.')
}
