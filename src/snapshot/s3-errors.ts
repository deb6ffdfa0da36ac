/**
 * What an object store, or the way to it, says → words for an operator.
 * Guarantees: bucket and key, what the service said, what is safe and what to do next are in every error; only what the
 * service itself calls a missing key carries the code ENOENT, whatever else failed with that code on the way.
 */
import { codeOf, EXIT, OperatorError } from '../errors.ts'

export interface S3Attempt {
  readonly doing: 'list' | 'read' | 'write' | 'remove' | 'tidy'
  readonly bucket: string
  /** Of a file, or a prefix. */
  readonly key: string
}

type Kind =
  | 'credentials'
  | 'refused'
  | 'denied'
  | 'bucket'
  | 'region'
  | 'clock'
  | 'unreachable'
  | 'full'
  | 'other'

const LOST = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EPROTO', 'ERR_STREAM_PREMATURE_CLOSE'],
]

/** By the service's own codes, the same ones from most servers. */
const KINDS: Readonly<Record<string, Kind>> = {
  ExpiredToken: 'refused',
  InvalidAccessKeyId: 'refused',
  InvalidToken: 'refused',
  SignatureDoesNotMatch: 'refused',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  InvalidBucketName: 'bucket',
  NoSuchBucket: 'bucket',
  AuthorizationHeaderMalformed: 'region',
  IllegalLocationConstraintException: 'region',
  PermanentRedirect: 'region',
  RequestTimeTooSkewed: 'clock',
  TimeoutError: 'unreachable',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
}

const NEXT: Readonly<Record<Kind, string>> = {
  credentials:
    "Give credentials the AWS SDK's way (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, a role), then run the same command again.",
  refused: 'Check the credentials, and that they are of this service, then run the same command again.',
  denied:
    'Let these credentials list the bucket and its multipart uploads, and read, write and remove what is under this prefix (a reader needs only the first and read), then run the same command again.',
  bucket:
    'Check the name of the bucket, the region and the endpoint, or make the bucket, then run the same command again.',
  region:
    "Set AWS_REGION to the bucket's region (us-east-1 where the server has none), then run the same command again.",
  clock: "Set this machine's clock right, then run the same command again.",
  unreachable:
    'Check the network and the endpoint (AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL; none for AWS itself), then run the same command again.',
  full: 'Make room there, then run the same command again.',
  other: 'Run the same command again.',
}

/** These don't go away by themselves. */
const WRONG_USE: readonly Kind[] = ['credentials', 'refused', 'denied', 'bucket', 'region', 'clock']

const SAFE: Readonly<Record<S3Attempt['doing'], string>> = {
  list: 'Nothing was changed.',
  read: 'Nothing was changed.',
  write:
    'Nothing half-written counts: a file is there only when it is whole, and a snapshot only with its manifest. What was finished before stays as it is.',
  remove: 'What was not removed stays as it is.',
  tidy: 'Finished files stay as they are.',
}

/** @returns whether the service says, for certain, that there is no such file */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchKey'
}

/** @returns whether a connection was lost, or never made */
export function isLost(error: unknown): boolean {
  return kindOf(error) === 'unreachable'
}

/** @returns whether a server does not take what the SDK sends to have bytes checked, rather than finding them wrong */
export function refusesChecksums(error: unknown): boolean {
  if (!(error instanceof Error) || /Digest|Mismatch/.test(error.name)) return false
  return (
    [400, 501].includes(statusOf(error) ?? 0) && /checksum|not.?implemented/i.test(error.name + error.message)
  )
}

/** @returns the error to throw: one with the code ENOENT for a missing file, else an OperatorError */
export function troubleWith({ doing, bucket, key }: S3Attempt, error: unknown): Error {
  if (error instanceof OperatorError) return error
  const address = `s3://${bucket}${key === '' ? '' : `/${key}`}`
  if (isMissing(error))
    return Object.assign(new Error(`ENOENT: there is no ${address}`, { cause: error }), { code: 'ENOENT' })
  const kind = kindOf(error)
  return new OperatorError({
    what: `Cannot ${doing === 'tidy' ? 'give up unfinished uploads to' : doing} ${address}: ${sayingOf(error)}.`,
    safe: SAFE[doing],
    next: NEXT[kind],
    exit: WRONG_USE.includes(kind) ? EXIT.usage : EXIT.failed,
    // Absence is asked of the code of an error or its causes: a token's file that is missing is no missing snapshot.
    ...(['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? {} : { cause: error }),
  })
}

function kindOf(error: unknown): Kind {
  if (!(error instanceof Error)) return 'other'
  const status = statusOf(error)
  if (LOST.includes(codeOf(error) ?? '') || /CERT|TLS|SSL/.test(codeOf(error) ?? '')) return 'unreachable'
  if (/ProviderError$/.test(error.name) || /credential/i.test(error.message)) return 'credentials'
  if (/^Region (is missing|not accepted)/.test(error.message) || status === 301) return 'region'
  const known = KINDS[error.name]
  if (known !== undefined) return known
  if (status === 507) return 'full'
  return status === 401 ? 'refused' : status === 403 ? 'denied' : 'other'
}

/** What the service said: its code, its words, its status. Never what was sent to it. */
function sayingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const status = statusOf(error)
  const code = codeOf(error)
  if (status === undefined)
    return `${code !== undefined && !error.message.includes(code) ? `${code} ` : ''}${shortly(error.message)}`.trim()
  if (error.message.includes('Deserialization error'))
    return `what answered is no S3 service (HTTP ${status})`
  // Some say no more than a code, and a refused HEAD has no words at all.
  const words = [error.name, error.message].filter((each) => !/^(|Unknown|UnknownError|\d+)$/.test(each))
  return `the service said ${words.length === 0 ? 'no' : shortly(words.join(': '))} (HTTP ${status})`
}

function shortly(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return typeof status === 'number' ? status : undefined
}
