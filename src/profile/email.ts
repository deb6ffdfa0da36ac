/**
 * E-mail addresses within texts.
 * Guarantees: pure; time grows with the length of the text and no faster.
 */

/** How much before and behind an @ is looked at: no domain is longer (RFC 1035, 2.3.4). */
const DOMAIN_LENGTH = 255

/** What the part before the @ may end with. Not a slash: it is a path's then (`…/@name.of/someone`). */
const LOCAL_END = /[\p{L}\p{N}\p{M}!#$%&'*+?^_`{|}~-]/u

/** Labels with dots between, the last one of letters. Not what an image of twice the size is called: `logo@2x.png`. */
const DOMAIN =
  /^(?!\d+x\.)(?:[\p{L}\p{N}][\p{L}\p{N}\p{M}-]{0,62}\.)+(?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]{1,62})(?![\p{L}\p{N}@])/iu

/** @returns whether there is an address anywhere in the text */
export function holdsEmail(text: string): boolean {
  for (let at = text.indexOf('@', 1); at !== -1; at = text.indexOf('@', at + 1)) {
    if (!LOCAL_END.test(text.charAt(at - 1))) continue
    if (DOMAIN.test(text.slice(at + 1, at + 1 + DOMAIN_LENGTH))) return true
  }
  return false
}
