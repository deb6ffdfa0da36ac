/**
 * A tenant that survives its process: every event is appended to a file before it is applied.
 * Guarantees: what was answered is in the file, also after SIGKILL (not after a power cut: nothing is synced);
 * a last line cut short, which no one was answered for, is dropped; a file that exists was seeded whole.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { parseJson } from '../json.ts'
import type { TenantEvent } from './events.ts'
import { Tenant } from './tenant.ts'

export interface State {
  readonly tenant: Tenant
  /** Keeps the event, then applies it. Throws where the file can't take it; nothing is changed then. */
  record(event: TenantEvent): void
  close(): void
}

const CHUNK = 1 << 20

/**
 * Opens the tenant kept in `file`, or begins one with the events of `seed` where there is no such file.
 * Without a file the tenant lives in memory only.
 */
export function openState(file?: string, seed: () => Iterable<TenantEvent> = () => []): State {
  const tenant = new Tenant()
  if (file === undefined) {
    for (const event of seed()) tenant.apply(event)
    return { tenant, record: (event) => tenant.apply(event), close: () => {} }
  }
  if (!existsSync(file)) writeSeed(file, seed())
  const descriptor = openSync(file, 'r+')
  let end = replay(descriptor, tenant)
  // Half a line at the end would swallow the next event.
  ftruncateSync(descriptor, end)
  return {
    tenant,
    record(event) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`)
      try {
        writeAll(descriptor, line, end)
      } catch (error) {
        ftruncateSync(descriptor, end)
        throw error
      }
      end += line.length
      tenant.apply(event)
    },
    close: () => closeSync(descriptor),
  }
}

/** Written beside and renamed when whole, so that a file cut short by a crash is never taken for a tenant. */
function writeSeed(file: string, events: Iterable<TenantEvent>): void {
  const partial = `${file}.partial`
  const descriptor = openSync(partial, 'w', 0o600)
  try {
    let position = 0
    let lines: string[] = []
    let length = 0
    const flush = (): void => {
      const bytes = Buffer.from(lines.join(''))
      writeAll(descriptor, bytes, position)
      position += bytes.length
      lines = []
      length = 0
    }
    for (const event of events) {
      const line = `${JSON.stringify(event)}\n`
      lines.push(line)
      length += line.length
      if (length >= CHUNK) flush()
    }
    flush()
  } finally {
    closeSync(descriptor)
  }
  renameSync(partial, file)
}

/** @returns the number of bytes up to the end of the last whole line. Throws SyntaxError on a whole line that is no JSON. */
function replay(descriptor: number, tenant: Tenant): number {
  const chunk = Buffer.alloc(CHUNK)
  let rest = Buffer.alloc(0)
  let position = 0
  let whole = 0
  for (;;) {
    const read = readSync(descriptor, chunk, 0, CHUNK, position)
    if (read === 0) return whole
    position += read
    // Split as bytes: a character may lie across two chunks, and only \n ends a line.
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)])
    let start = 0
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
      tenant.apply(parseJson(bytes.toString('utf8', start, at)) as unknown as TenantEvent)
      whole += at + 1 - start
      start = at + 1
    }
    rest = bytes.subarray(start)
  }
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
  }
}
