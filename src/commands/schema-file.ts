/**
 * A schema from a file that a person has written.
 * Guarantees: what is used is what stands in the file: a text that is not UTF-8, or has a name twice of which one would be lost,
 * is never taken as it happens to be read.
 */
import { EXIT, messageOf, OperatorError } from '../errors.ts'
import { type Json, parseJson } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { duplicateNames } from '../schema/duplicate-names.ts'
import { type Finding, findingText } from '../schema/finding.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import { parseSchema } from '../schema/rules.ts'
import { readBytes } from './open.ts'

/** What stands in a file, with what is wrong with it as a text. */
export interface FileContent {
  readonly value: Json
  readonly twice: readonly Finding[]
}

/**
 * @returns what stands in the file; that it is a schema is for the rules to say
 * @throws OperatorError (exit 2) where it can't be read, or is not JSON
 */
export function jsonIn(file: string): FileContent {
  const text = textIn(file)
  try {
    return { value: parseJson(text), twice: duplicateNames(text) }
  } catch (error) {
    const comments = /(^|[\s,{[}\]])\/[/*]/.test(text)
      ? ' It seems to have comments, as examples of the documentation do: JSON has none.'
      : ''
    throw refusal(`The schema file ${file} is not JSON: ${messageOf(error)}.${comments}`)
  }
}

/** @throws OperatorError (exit 2) where a file holds no schema by the rules, or one that can be read in two ways */
export function schemaIn(file: string): InteractionSchema {
  return schemaOf(jsonIn(file), file)
}

/** @throws as `schemaIn` */
export function schemaOf({ value, twice }: FileContent, file: string): InteractionSchema {
  if (twice.length > 0)
    throw refusal(`The schema file ${file} can be read in two ways: ${twice.map(findingText).join('; ')}.`)
  const schema = parseSchema(value, file)
  // One that payloads can't be checked by would only be found when there is a run.
  createPayloadCheck(schema)
  return schema
}

function textIn(file: string): string {
  const bytes = readBytes(file)
  try {
    // Leaves out the mark of the byte order that some editors put in front.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refusal(`The schema file ${file} is not UTF-8.`)
  }
}

function refusal(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: 'Correct the file, then run the same command again.',
    exit: EXIT.usage,
  })
}
