/**
 * Ids of contacts.
 * Guarantees: one spelling for each id, lower case with dashes, whatever a file or a tool made of it.
 */

const GUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/

/**
 * @param text a GUID in any case, with or without braces, as 32 hexadecimal digits with all their dashes or none.
 * @returns the GUID in lower case with dashes; undefined where the text is not one.
 */
export function parseGuid(text: string): string | undefined {
  const trimmed = text.trim()
  const bare = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1) : trimmed
  if (bare.length !== 36 && bare.length !== 32) return undefined
  const groups = GUID.exec(bare.toLowerCase())
  return groups?.slice(1).join('-')
}
