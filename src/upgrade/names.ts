/**
 * Names of folders and files, made one way.
 * Guarantees: no character in them has a meaning to a file system or a shell.
 */

/** @param ms milliseconds since the epoch @returns a time as folders are named by it: 20260131T094500123Z */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.]/g, '')
}

/** @returns the folder name of the tenant at a base URL: its host, `acme.voyado.com` or `127.0.0.1_8080` */
export function tenantOf(baseUrl: string): string {
  return new URL(baseUrl).host.replace(/[^A-Za-z0-9.-]/g, '_')
}
