/**
 * What the rules have to say about a schema.
 * Guarantees: every finding names the place, what is wrong there, and the section of the documentation that
 * says so; a warning is something that the server is known, or can be expected, to accept.
 */

/** The sections of the product documentation that hold rules of a schema. */
export const SECTION = {
  replacing: '/interactionschemas',
  creating: 'Creating a schema',
  sending: 'Sending an interaction',
  sku: 'The productSku property',
  messages: 'Personalizing messages',
  segmentation: 'Interaction segmentation',
  limitations: 'Limitations',
} as const

export type Section = (typeof SECTION)[keyof typeof SECTION]

export interface Finding {
  readonly severity: 'error' | 'warning'
  /** Where, as `jsonSchema.properties.rating.type`; empty for the schema as a whole. */
  readonly path: string
  readonly message: string
  /** The section of the documentation that the rule comes from. */
  readonly source: string
}

/** @returns a finding that makes the schema unusable. */
export function error(path: string, message: string, source: Section = SECTION.creating): Finding {
  return { severity: 'error', path, message, source }
}

/** @returns a finding that a person should know of, and may leave as it is. */
export function warning(path: string, message: string, source: Section = SECTION.creating): Finding {
  return { severity: 'warning', path, message, source }
}

/** @returns the path of a member: `a.b`, or `a["b c"]` where the name would make the path ambiguous. */
export function memberPath(path: string, name: string): string {
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

/** @returns the finding in one line: `path: message`. */
export function findingText(finding: Finding): string {
  return finding.path === '' ? finding.message : `${finding.path}: ${finding.message}`
}
