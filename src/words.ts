/**
 * Counts as a person writes them.
 * Guarantees: pure; one is one, anything else is more.
 */

/** @returns "1 contact", "0 contacts", "2 contacts" */
export function countOf(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`
}
