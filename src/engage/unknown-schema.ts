/**
 * A schema was named that the tenant has not.
 * Guarantees: those that it has are named, as they are written there: an id in other letters is another schema's.
 */
import { EXIT, OperatorError } from '../errors.ts'

/** @param known ids of all schemas of the tenant @returns what the operator is told */
export function unknownSchema(id: string, tenant: string, known: readonly string[]): OperatorError {
  return new OperatorError({
    what: `There is no interaction schema ${id} in ${tenant}; there are: ${known.join(', ') || 'none'}.`,
    safe: 'Nothing was changed.',
    next: 'Name one of these, as it is written here.',
    exit: EXIT.usage,
  })
}
