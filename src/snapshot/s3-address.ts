/**
 * Addresses in an object store: `s3://bucket/prefix`.
 * Guarantees: what is meant for a store is never taken for a folder's path; what could lead out of the prefix, or name
 * something else than it seems to, is refused; a secret in an address is not repeated.
 */
import { EXIT, OperatorError } from '../errors.ts'

export interface S3Address {
  readonly bucket: string
  /** Without slashes at its ends; empty: the whole bucket. */
  readonly prefix: string
}

/** As lax as the laxest server: it knows its buckets better. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/

/**
 * @returns the bucket and prefix of an `s3://` address; undefined where it is a path
 * @throws OperatorError (usage) where it is neither
 */
export function s3AddressOf(address: string): S3Address | undefined {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address)?.[1]?.toLowerCase()
  if (scheme === undefined && !/^s3:/i.test(address)) return undefined
  if (scheme !== 's3') throw refused(address, 'snapshots are kept in a folder or under s3://bucket/prefix')
  const [bucket = '', ...rest] = address.slice('s3://'.length).replace(/\/+$/, '').split('/')
  if (bucket.includes('@') || bucket.includes(':'))
    throw refused('s3://…', "keys and ports have no place in it: both are the AWS SDK's own settings")
  if (!BUCKET.test(bucket)) throw refused(address, `${JSON.stringify(bucket)} is no name of a bucket`)
  if (/[?#]/.test(address)) throw refused(address, 'it is taken as it stands: ? and # mean nothing in it')
  const wrong = rest.find((name) => !isName(name))
  if (wrong !== undefined) throw refused(address, `${JSON.stringify(wrong)} can't be part of a prefix`)
  return { bucket, prefix: rest.join('/') }
}

/** @returns whether a folder or file of a store may be called so: neither nothing, nor the way somewhere else */
export function isName(name: string): boolean {
  return !['', '.', '..'].includes(name) && !/[/\u0000-\u001f\u007f]/.test(name)
}

function refused(address: string, why: string): OperatorError {
  return new OperatorError({
    what: `${address} is not an address of snapshots: ${why}.`,
    safe: 'Nothing was changed.',
    next: 'Give a folder, or s3://bucket/prefix.',
    exit: EXIT.usage,
  })
}
