/**
 * What a deletion takes away, and what is without its data meanwhile.
 * Guarantees: pure; says only what the documentation says of a schema that is gone.
 */
import type { InteractionSchema } from '../model.ts'
import type { Profile } from '../profile/profile.ts'
import type { DeletionFacts } from './report.ts'

export function deletionFacts(
  { id, jsonSchema }: InteractionSchema,
  profile: Profile,
  contacts: number,
): DeletionFacts {
  const { interactions, oldestCreated, newestCreated, months } = profile
  return {
    ...{ interactions, contacts, oldestCreated, newestCreated, months },
    // "Upgrading", "Interactions API", "Personalizing messages".
    meanwhile: [
      'The contact card shows none of them until the import has ended.',
      'Segments that count them, or ask when they were received, find fewer contacts until the import has ended.',
      'Automations that are triggered by them end in errors while the schema is missing.',
      'E-mails that show a property of theirs have nothing to show until the import has ended.',
    ],
    // "Personalizing messages": the id is written in lower case there.
    templateNames: Object.keys(jsonSchema.properties).map((name) => `${id.toLowerCase()}.${name}`),
  }
}
