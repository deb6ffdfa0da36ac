/**
 * Addresses that do not leave this machine.
 * Guarantees: pure; what isn't certainly this machine isn't called so.
 */

/**
 * @param hostname of a parsed URL: the parser has already written every form of an IPv4 address out as four numbers
 * @returns whether what is sent there stays on this machine
 */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
