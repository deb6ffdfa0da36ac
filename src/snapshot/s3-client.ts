/**
 * The way to an object store. Loaded only where an address asks for it: the SDK takes long to load.
 * Guarantees: credentials, region and endpoint are found by the SDK's own chain, nothing of them is read here; a server
 * that falls silent is given up.
 */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Place } from './place.ts'
import type { S3Address } from './s3-address.ts'
import { s3Place } from './s3-place.ts'

/** Milliseconds to make a connection in, and without a byte either way. */
const CONNECT_WITHIN = 10_000
const SILENT_AT_MOST = 120_000

/**
 * @param own settings that go before the SDK's own chain
 * @returns a client; connects to nothing yet
 */
export function createS3Client(own: S3ClientConfig = {}): S3Client {
  const agent = {
    // A chain is read from all its links side by side: with a bound on connections, the first ones could wait for ever
    // for the last one.
    maxSockets: Number.POSITIVE_INFINITY,
  }
  const client = new S3Client({
    // A file is what its manifest says, which we check ourselves: nothing is added that a server may not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN,
      socketTimeout: SILENT_AT_MOST,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...own,
  })
  // An endpoint of one's own (MinIO, Ceph, …) rarely has a name in the DNS for each bucket, AWS always has. Whether there
  // is one is known only once the SDK's chain has been gone through, which is here.
  const provide = client.config.endpointProvider
  client.config.endpointProvider = (parameters, context) =>
    provide(parameters.Endpoint === undefined ? parameters : { ...parameters, ForcePathStyle: true }, context)
  return client
}

/** @param stop ends reads and uploads once aborted */
export function openS3({ bucket, prefix }: S3Address, stop?: AbortSignal): Place {
  return s3Place(createS3Client(), bucket, prefix, { stop })
}
