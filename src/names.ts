/**
 * Names of folders and files, made one way.
 * Guarantees: no character in them has a meaning to a file system or a shell.
 */

/** @param ms milliseconds since the epoch @returns a time as folders are named by it: 20260131T094500123Z */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.]/g, '')
}

/** @param name as `stamp` gives it @returns milliseconds since the epoch; NaN where it is no time */
export function timeOf(name: string): number {
  return Date.parse(name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'))
}

/** @returns the name of the tenant at a base URL, as folders have it: `acme.voyado.com`, `127.0.0.1_8080`, `gateway_prod` */
export function tenantOf(baseUrl: string): string {
  const { host, pathname } = new URL(baseUrl)
  return `${host}${pathname}`.replace(/\/+$/, '').replace(/[^A-Za-z0-9.-]/g, '_')
}

/** What a tenant is for. One that is none of these counts as production wherever that is the stricter. */
export type Environment = 'production' | 'staging' | 'sandbox' | 'unknown'

/** @param tenant as `tenantOf` names it @returns what it is for, by its host ("Every call": the base URLs of both) */
export function environmentOf(tenant: string): Environment {
  if (/^[a-z0-9-]+\.staging\.voyado\.com$/i.test(tenant)) return 'staging'
  if (/^[a-z0-9-]+\.voyado\.com$/i.test(tenant)) return 'production'
  return /^(localhost|127\.\d+\.\d+\.\d+|___1_)(_|$)/.test(tenant) ? 'sandbox' : 'unknown'
}
