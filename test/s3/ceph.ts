/**
 * A Ceph of one monitor, one OSD on a sparse file and one object gateway, on this machine alone.
 * Guarantees: everything that it writes is in one folder of its own, everything listens on the loopback only, and both
 * processes and folder are gone when `stop` returns, however far it had got.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Milliseconds for one step, and for a process to end by itself. */
const STEP = 120_000
const ENDING = 15_000

export interface Gateway {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface Daemon {
  readonly name: string
  readonly process: ChildProcess
  /** How it ended; undefined while it runs. */
  ending: string | undefined
}

export class Ceph {
  readonly #folder: string
  readonly #daemons: Daemon[] = []

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async create(): Promise<Ceph> {
    return new Ceph(await mkdtemp(join(tmpdir(), 'engage-migrate-ceph-')))
  }

  /** Throws where a step fails, with what it said. */
  async start(): Promise<Gateway> {
    const [monitor, legacy, gateway] = await freePorts(3)
    const address = `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${legacy}]`
    const cluster = randomUUID()
    for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(join(this.#folder, name), { mode: 0o700 })
    await writeFile(join(this.#folder, 'ceph.conf'), this.#settings(cluster, address, gateway ?? 0))
    await this.#makeKeys()
    const map = join(this.#folder, 'monmap')
    await this.#step('monmaptool', ['--create', '--fsid', cluster, '--addv', 'a', address, map])
    const keyring = join(this.#folder, 'keyring')
    await this.#step('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring])
    await this.#daemon('ceph-mon', ['-i', 'a'])
    const osd = randomUUID()
    await this.#step('ceph', ['osd', 'new', osd])
    await this.#step('ceph-osd', ['--mkfs', '-i', '0', '--osd-uuid', osd])
    await this.#daemon('ceph-osd', ['-i', '0'])
    const keys = { accessKeyId: 'tester', secretAccessKey: randomBytes(20).toString('hex') }
    const user = ['--uid', 'tester', '--display-name', 'tester', '--access-key', keys.accessKeyId]
    // This waits for the OSD, and makes the pools.
    await this.#step('radosgw-admin', ['user', 'create', ...user, '--secret-key', keys.secretAccessKey])
    await this.#daemon('radosgw', ['-n', 'client.rgw'])
    const endpoint = `http://127.0.0.1:${gateway}`
    await this.#answering(endpoint)
    return { endpoint, ...keys }
  }

  /** Ends what was started, the last one first, and removes the folder. */
  async stop(): Promise<void> {
    for (const daemon of this.#daemons.toReversed()) {
      if (daemon.ending !== undefined) continue
      const ended = new Promise((resolve) => daemon.process.once('exit', resolve))
      daemon.process.kill('SIGTERM')
      const late = new AbortController()
      const kill = async () => {
        await pause(ENDING, undefined, { signal: late.signal })
        daemon.process.kill('SIGKILL')
      }
      kill().catch(() => undefined)
      await ended
      late.abort()
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  #settings(cluster: string, monitor: string, gateway: number): string {
    const at = (name: string): string => join(this.#folder, name)
    return `[global]
fsid = ${cluster}
mon host = ${monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
# Without keys a gateway does not get in, whatever it is told.
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${at('keyring')}
# One disk holds one copy.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
mon data = ${at('mon')}
osd data = ${at('osd')}
rgw data = ${at('rgw')}
bluestore block size = 4294967296
osd memory target = 939524096
rgw frontends = beast endpoint=127.0.0.1:${gateway}
run dir = ${at('run')}
crash dir = ${at('run')}
admin socket =
log file = ${at('run')}/$name.log
mon cluster log file = ${at('run')}/cluster.log
`
  }

  async #makeKeys(): Promise<void> {
    const keyring = join(this.#folder, 'keyring')
    const everything = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *']
    for (const [name, ...rights] of [
      ['mon.', '--cap', 'mon', 'allow *'],
      ['client.admin', ...everything],
      ['osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *'],
      ['client.rgw', '--cap', 'mon', 'allow rw', '--cap', 'osd', 'allow rwx'],
    ] as const) {
      const create = name === 'mon.' ? ['--create-keyring'] : []
      await this.#step('ceph-authtool', [keyring, ...create, '--gen-key', '-n', name, ...rights])
    }
  }

  /** Throws what it said where it fails or takes too long, or a daemon has ended meanwhile. */
  async #step(program: string, args: readonly string[]): Promise<void> {
    try {
      await run(program, ['-c', join(this.#folder, 'ceph.conf'), ...args], { timeout: STEP })
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
      const ended = await this.#endings()
      throw new Error(`${program} ${args[0]} failed: ${said.slice(-1000)}${ended}`, { cause: error })
    }
  }

  async #daemon(program: string, args: readonly string[]): Promise<void> {
    const out = await open(join(this.#folder, 'run', `${program}.out`), 'w', 0o600)
    const child = spawn(program, ['-c', join(this.#folder, 'ceph.conf'), '-f', ...args], {
      stdio: ['ignore', out.fd, out.fd],
    })
    const daemon: Daemon = { name: program, process: child, ending: undefined }
    child.once('error', (error) => {
      daemon.ending = error.message
    })
    child.once('exit', (code, signal) => {
      daemon.ending = `ended with ${signal ?? code}`
    })
    this.#daemons.push(daemon)
    await out.close()
  }

  async #answering(endpoint: string): Promise<void> {
    const end = AbortSignal.timeout(STEP)
    while (!end.aborted) {
      const response = await fetch(endpoint, { signal: end }).catch(() => undefined)
      if (response?.ok) return
      if (this.#daemons.some(({ ending }) => ending !== undefined)) break
      await pause(200)
    }
    throw new Error(`radosgw does not answer at ${endpoint}${await this.#endings()}`)
  }

  /** The daemons that have ended, with their last words. */
  async #endings(): Promise<string> {
    const words: string[] = []
    for (const { name, ending } of this.#daemons) {
      if (ending === undefined) continue
      const said = await readFile(join(this.#folder, 'run', `${name}.out`), 'utf8').catch(() => '')
      words.push(`; ${name} ${ending}: ${said.trim().slice(-1000)}`)
    }
    return words.join('')
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address()
      await new Promise((resolve) => server.close(resolve))
      return typeof address === 'object' && address !== null ? address.port : 0
    }),
  )
}
