/**
 * Kinds of personal data.
 * Guarantees: each has a word for one and for several.
 */

/** Each with what several are called. */
export const PERSONAL_KINDS = {
  'e-mail address': 'e-mail addresses',
  'phone number': 'phone numbers',
  'national id': 'national ids',
  'IP address': 'IP addresses',
  'name of a person': 'names of people',
  address: 'addresses',
  'date of birth': 'dates of birth',
} as const

export type PersonalKind = keyof typeof PERSONAL_KINDS
