/**
 * The address of a tenant.
 * Guarantees: the API key can only travel encrypted, or within this machine; nothing secret is in the address, so
 * it may be printed.
 */
import { EXIT, OperatorError } from '../errors.ts'
import { isLoopback } from '../loopback.ts'

/**
 * @param text e.g. `https://acme.staging.voyado.com`; a path is kept, as a prefix of every path of the API.
 * @throws OperatorError (usage) where it isn't such an address. What can't be parsed isn't repeated in it.
 */
export function checkBaseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw refusal('is not a URL')
  if (url.username !== '' || url.password !== '') throw refusal('has credentials in it')
  if (url.search !== '' || url.hash !== '') throw refusal('has a query or a fragment')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refusal(`begins with "${url.protocol}"`)
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw refusal(`is plain http (${url.origin}), which would send the API key unencrypted`)
  }
  return url
}

function refusal(what: string): OperatorError {
  return new OperatorError({
    what: `The base URL ${what}.`,
    safe: 'Nothing was sent.',
    next: 'Set it to the address of the tenant alone, e.g. https://<tenant>.staging.voyado.com',
    exit: EXIT.usage,
  })
}
