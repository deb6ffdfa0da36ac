/** Contacts and schemas to make profiles of, by hand. */
import type { JsonObject } from '../../src/json.ts'
import type { Interaction, InteractionSchema } from '../../src/model.ts'
import type { Profile, PropertyProfile } from '../../src/profile/profile.ts'
import { profileOf } from '../../src/profile/profile-of.ts'
import type { SnapshotContact } from '../../src/snapshot/reader.ts'
import { schemaOf } from '../schema/fixtures.ts'

export const AS_OF = Date.parse('2026-02-03T04:05:06.789Z')

/** What of an interaction matters to a test. */
export interface Given {
  readonly payload?: JsonObject
  readonly createdDate?: string
}

export function guid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** @param given of each contact its interactions; null where it is gone */
export async function* contactsOf(
  given: Iterable<readonly Given[] | null>,
): AsyncGenerator<SnapshotContact, void, undefined> {
  let ordinal = 0
  let firstSeq = 0
  for (const each of given) {
    const contactId = guid(ordinal)
    const interactions = (each ?? []).map(({ payload = {}, createdDate }, index): Interaction => {
      const made = createdDate ?? new Date(AS_OF - (firstSeq + index) * 60_000).toISOString()
      return { id: `i-${firstSeq + index}`, contactId, schemaId: 's', createdDate: made, payload }
    })
    yield {
      contactId,
      state: each === null ? 'gone' : 'read',
      readAt: AS_OF,
      interactions,
      ordinal,
      firstSeq,
    }
    ordinal += 1
    firstSeq += interactions.length
  }
}

export const EMPTY = schemaOf('{}')

export function profiled(
  given: Iterable<readonly Given[] | null>,
  after: InteractionSchema = EMPTY,
  before: InteractionSchema = after,
): Promise<Profile> {
  return profileOf(contactsOf(given), { before, after, asOf: AS_OF })
}

/**
 * @param values of a property named p, each of another contact; undefined where it is not there
 * @param property what the schema says of it
 */
export async function propertyOf(
  values: Iterable<JsonObject[string] | undefined>,
  property: JsonObject = { type: 'string' },
  name = 'p',
): Promise<PropertyProfile> {
  const given = Array.from(values, (value) => [{ payload: value === undefined ? {} : { [name]: value } }])
  const { properties } = await profiled(given, schemaOf(JSON.stringify({ [name]: property })))
  return properties[0] as PropertyProfile
}
