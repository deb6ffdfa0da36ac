/**
 * Whether a schema's body is JSON Schema 2020-12, which its `$schema` says that it is ("Creating a schema").
 * Guarantees: asked only of what the other rules let pass, and only where it has more than they know: the validator takes longer
 * to load than all else that is done with a schema.
 */
import { messageOf } from '../errors.ts'
import type { Json } from '../json.ts'
import type { InteractionSchema } from '../model.ts'
import { error, type Finding } from './finding.ts'
import { createPayloadCheck } from './payload.ts'
import { type LintOptions, lintSchema } from './rules.ts'

/**
 * All rules: those of `lintSchema`, and that payloads can be checked by the schema at all.
 * @param value the schema as it would be posted
 * @returns the findings, as `lintSchema` gives them
 */
export function lintWhole(value: Json, options: LintOptions = {}): readonly Finding[] {
  const findings = lintSchema(value, options)
  // A schema without a finding has documented keywords only, each in its form.
  if (findings.length === 0 || findings.some(({ severity }) => severity === 'error')) return findings
  return [...findings, ...lintDialect(value as unknown as InteractionSchema)]
}

function lintDialect(schema: InteractionSchema): readonly Finding[] {
  try {
    createPayloadCheck(schema)
    return []
  } catch (refusal) {
    const { cause } = refusal as { readonly cause?: unknown }
    return [error('jsonSchema', `is no JSON Schema 2020-12: ${messageOf(cause ?? refusal)}`)]
  }
}
