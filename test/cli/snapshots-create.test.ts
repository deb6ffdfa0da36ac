/** History of another system comes in by the command line: exit codes, what is said, and a kill midway. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { acquireLock } from '../../src/journal/lock.ts'
import { SCHEMAS } from '../../src/sandbox/schemas.ts'
import { guid, launch, linesOf, until } from './harness.ts'

interface Case extends Disposable {
  readonly folder: string
  readonly home: string
  start(...args: readonly string[]): ReturnType<typeof launch>
}

function openCase(history: string): Case {
  const folder = mkdtempSync(join(tmpdir(), 'engage-migrate-cli-'))
  writeFileSync(join(folder, 'schema.json'), JSON.stringify(SCHEMAS.find(({ id }) => id === 'wishlist')))
  writeFileSync(join(folder, 'history'), history)
  const env = { ENGAGE_MIGRATE_DATA: join(folder, 'data'), ENGAGE_BASE_URL: 'https://acme.voyado.com/' }
  return {
    folder,
    home: join(folder, 'data', 'acme.voyado.com', 'wishlist'),
    start: (...args) =>
      launch(args[0] === 'create' ? ['snapshots', ...args, '--json'] : [...args, '--json'], folder, env),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const CREATE = ['create', '--from', 'history', '--schema', 'schema.json']
const MAP = ['--map', 'contactId=who', '--map', 'createdDate=at', '--time-zone', '+01:00']

describe.concurrent('snapshots create', () => {
  test('waits for nobody, and lets nobody work on the schema meanwhile', async () => {
    using opened = openCase('')
    const { home, start } = opened
    using _held = acquireLock(join(home, 'lock'), 'schema', systemClock)
    expect(await start(...CREATE).ended).toMatchObject({ code: 6 })
  })

  test('refuses bad lines, leaves them out where it may, and what it makes is a snapshot like any other', async () => {
    const rows = [
      'who;at;date;shop',
      `${guid(2)};2024-01-01 10:00:00;2024-01-01T10:00:00Z;x`,
      'x;y;z;\u001b[31m',
    ]
    using opened = openCase(`${rows.join('\n')}\n`)
    const { folder, home, start } = opened
    const refused = await start(...CREATE, ...MAP).ended
    expect(refused, refused.stderr).toMatchObject({
      code: 4,
      json: { snapshot: null, lines: 2, bad: { count: 1 }, unknown: { shop: 2 }, error: { exit: 4 } },
    })
    expect(refused.stderr).toMatch(/Bad line 3: contactId is not a GUID/)
    expect(linesOf(join(folder, 'history.bad.ndjson'))).toMatchObject([{ line: 3 }])
    expect(readdirSync(home).filter((name) => name.endsWith('Z'))).toEqual([])

    const made = await start(...CREATE, ...MAP, '--skip-bad', '--bad', 'left.ndjson').ended
    expect(made, made.stderr).toMatchObject({
      code: 5,
      json: {
        tenant: 'acme.voyado.com',
        contacts: 1,
        interactions: 1,
        oldestCreated: '2024-01-01T09:00:00.000Z',
      },
    })
    expect(linesOf(join(folder, 'left.ndjson'))).toHaveLength(1)
    // It is none that the tenant held: only its own name means it.
    expect(await start('verify', 'wishlist@latest').ended).toMatchObject({ code: 2 })
    const proven = await start('verify', String((made.json as { snapshot: string }).snapshot)).ended
    expect(proven, proven.stderr).toMatchObject({
      code: 0,
      json: { whole: true, records: 1, complete: true },
    })
  })

  test('killed midway leaves half a snapshot, which is listed as that, and the next one is whole', async () => {
    const line = (at: number) =>
      `{"contactId":"${guid(at)}","createdDate":"2024-01-01T10:00:00Z","date":"2024-01-01T10:00:00Z"}\n`
    using opened = openCase(Array.from({ length: 20_000 }, (_, at) => line(at)).join(''))
    const { home, start } = opened
    const running = start(...CREATE)
    const parts = (): number =>
      existsSync(home)
        ? readdirSync(home, { recursive: true }).filter((name) => /contacts-/.test(String(name))).length
        : 0
    await until(() => parts() > 1, running)
    running.process.kill('SIGKILL')
    expect(await running.ended).toMatchObject({ code: null })

    const again = await start(...CREATE, '--checkpoint', '20000').ended
    expect(again, again.stderr).toMatchObject({ code: 0, json: { contacts: 20_000, interactions: 20_000 } })
    const listed = await start('snapshots', 'list').ended
    expect(listed.json).toMatchObject({
      snapshots: [{ condition: 'half' }, { condition: 'complete', interactions: { records: 20_000 } }],
    })
  })
})
