/**
 * What a server asks us to wait.
 * Guarantees: a number of milliseconds, 0 or more, or undefined; a header that makes no sense is as good as none.
 */

/**
 * Reads `Retry-After`, as seconds or as an HTTP date (RFC 9110, 10.2.3). A date is taken against the answer's own
 * `Date` where there is one, so that two clocks that disagree do no harm.
 * @param now milliseconds since the epoch, for an answer without a Date; absent: such a header counts as none.
 * @returns milliseconds from now.
 */
export function retryAfterMs(headers: Headers, now?: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = httpDate(text)
  const from = httpDate(headers.get('date') ?? '') ?? now
  return at === undefined || from === undefined ? undefined : Math.max(0, at - from)
}

/** The shape is checked first, because Date.parse makes a date of nearly anything ("1.5", "-3"). */
function httpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
