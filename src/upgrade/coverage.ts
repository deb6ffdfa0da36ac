/**
 * How sure is it that the list holds every contact? A contact that is not in it is history lost for good.
 * Guarantees: pure; `sure` only where the tenant's own count says that nobody is missing, and no contact outside the list was
 * seen to have history; what could not be checked is said in words.
 */

import type { JsonObject } from '../json.ts'
import { countOf } from '../words.ts'
import { type CoverageSample, sampleStatements } from './coverage-sample.ts'

export interface CoverageFacts {
  /** Different contacts in the list, those added since it was made included. */
  readonly listed: number
  /** How many of them the tenant does not know any more; 0 before anyone has been read. */
  readonly gone: number
  /** What the tenant's count endpoint says; undefined where it did not answer. */
  readonly counted: number | undefined
  /** Contacts created since the list was made; undefined where the tenant has `changes` not activated. */
  readonly createdSince: number | undefined
  /** What contacts outside the list were found to have, where some were looked at when the plan was made. */
  readonly sample?: CoverageSample | undefined
}

export interface Coverage extends JsonObject {
  readonly sure: boolean
  readonly statements: readonly string[]
}

export function assessCoverage({ listed, gone, counted, createdSince, sample }: CoverageFacts): Coverage {
  const alive = listed - gone
  const statements: string[] = []
  if (counted === undefined) {
    statements.push(
      'The tenant gave no count of its contacts, so whether the list holds all of them is not known.',
    )
  } else if (alive < counted) {
    const lacking = counted - alive
    const share = ((lacking / counted) * 100).toFixed(lacking / counted < 0.01 ? 2 : 0)
    statements.push(
      `The tenant counts ${countOf(counted, 'contact')}, the list holds ${alive}: ${lacking} (${share} %) ${lacking === 1 ? 'is' : 'are'} not in it. ` +
        'What interactions of this schema are theirs is lost for good with the deletion.',
    )
  } else {
    statements.push(
      `The list holds ${countOf(alive, 'contact')}, the tenant counts ${counted}: nobody is missing by number.`,
    )
  }
  if (gone > 0) {
    statements.push(
      `${countOf(gone, 'contact')} of the list ${gone === 1 ? 'is' : 'are'} gone from the tenant (deleted there): nobody can read those interactions. ` +
        'A contact that is restored after the deletion comes back without them; restore it before, if it should keep them.',
    )
  }
  statements.push(
    createdSince === undefined
      ? 'Contacts created since the list was made could not be asked for: "changes" is not activated for this tenant.'
      : `Added from the tenant's "changes": ${countOf(createdSince, 'contact')} created since the list was made.`,
  )
  if (sample !== undefined) statements.push(...sampleStatements(sample))
  const lacking = sample !== undefined && sample.withInteractions > 0
  return { sure: counted !== undefined && alive >= counted && !lacking, statements }
}
