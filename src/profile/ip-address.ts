/**
 * IP addresses within texts.
 * Guarantees: pure; time grows with the length of the text and no faster; an address that is every machine's is nobody's.
 */
import { isIP, isIPv6 } from 'node:net'

/** What an address has at least: three dots between digits, or two colons. */
const PERHAPS = /\d\.\d{1,3}\.\d{1,3}\.\d|:[\da-f.]*:/i
const BETWEEN = /[\s,;|"'()[\]<>=]+/
const PORT = /^([\d.]+):\d{1,5}$/
const NOBODYS: ReadonlySet<string> = new Set(['0.0.0.0', '127.0.0.1', '255.255.255.255', '::', '::1'])

/** What is numbered with three dots as well. */
const VERSION = /(?:^|[^\p{L}])(?:version|ver|build|firmware|release|sdk|os|browser|agent)(?!\p{L})/iu

/** @returns whether what a property of that name has is no address, whatever it looks like */
export function namesVersion(name: string): boolean {
  return VERSION.test(name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2'))
}

/** @returns whether there is an address anywhere in the text, with a port or without */
export function holdsIpAddress(text: string): boolean {
  if (!PERHAPS.test(text)) return false
  return text.split(BETWEEN).some((word) => {
    const address = word.replace(/[.:]$/, '').replace(PORT, '$1')
    // `::` at the end is part of an address.
    return [address, word].some((each) => isIP(each) !== 0 && !NOBODYS.has(each) && isWhole(each))
  })
}

/** Two letters with colons between are one by the rules: `a::b` says more about something else. */
function isWhole(address: string): boolean {
  return !isIPv6(address) || address.length >= 6
}
