/** The schedules that the runbook gives: each checked by its own system's checker, and that it calls what there is. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { backup } from '../../src/commands/backup.ts'
import type { Command } from '../../src/commands/command.ts'
import { restore } from '../../src/commands/restore.ts'
import { sign } from '../../src/commands/sign.ts'
import { snapshotsForgetContact } from '../../src/commands/snapshots-forget-contact.ts'
import { snapshotsList } from '../../src/commands/snapshots-list.ts'
import { snapshotsPrune } from '../../src/commands/snapshots-prune.ts'
import { verify } from '../../src/commands/verify.ts'
import { SETTINGS } from '../../src/config.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  cronProblems,
  crontabProblems,
  debianCronProblems,
  exposure,
  isThere,
  manifestProblems,
  unitProblems,
  workflowProblems,
} from './checkers.ts'
import { type Called, commandsIn, commandsInManifest, commandsInWorkflow } from './commands-in.ts'

const RUNBOOKS = resolve(import.meta.dirname, '../../runbooks')
const SCHEDULES = join(RUNBOOKS, 'schedules')

function textOf(name: string): string {
  return readFileSync(join(SCHEDULES, name), 'utf8')
}

const service = textOf('engage-backup.service')
const prune = textOf('engage-backup-prune.service')
const timer = textOf('engage-backup.timer')
const crontab = textOf('engage-backup.crontab')
const manifest = textOf('engage-backup.cronjob.yaml')
const workflow = textOf('engage-backup.workflow.yml')

/** Skips a test, for all to see, where the program is absent; `npm run test:schedules` takes no excuse. */
function needs(program: string, { skip }: TestContext): void {
  const excused = process.env['SCHEDULE_CHECKERS'] !== 'all'
  if (excused) skip(!isThere(program), `${program} is not on this machine: npm run test:schedules brings it`)
}

/** Puts files into a folder, with a program where the unit has engage-migrate: systemd looks whether it is there. */
async function units(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await temporaryFolder()
  const program = join(folder, 'engage-migrate')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  return Object.entries(files).map(([name, text]) => {
    const file = join(folder, name)
    writeFileSync(file, text.replaceAll('/usr/local/bin/engage-migrate', program))
    return file
  })
}

test('every schedule is known to these tests', () => {
  expect(readdirSync(SCHEDULES).sort()).toEqual([
    'engage-backup-prune.service',
    'engage-backup.cronjob.yaml',
    'engage-backup.crontab',
    'engage-backup.service',
    'engage-backup.timer',
    'engage-backup.workflow.yml',
  ])
})

describe('systemd', () => {
  const right = {
    'engage-backup.service': service,
    'engage-backup-prune.service': prune,
    'engage-backup.timer': timer,
  }

  test('takes the services and the timer', async (context) => {
    needs('systemd-analyze', context)
    expect(unitProblems(...(await units(right)))).toEqual([])
  })

  test('would refuse them with a slip in any place', async (context) => {
    needs('systemd-analyze', context)
    for (const [name, from, to] of [
      ['engage-backup.service', 'Type=oneshot', 'Type=onceshot'],
      ['engage-backup.service', 'ProtectHome=yes', 'ProtectHomes=yes'],
      ['engage-backup.service', 'Restart=on-failure', 'Restart=always'],
      ['engage-backup-prune.service', 'bin/engage-migrate', 'bin/engage-migration'],
      ['engage-backup.timer', '03:30:00', '03:60:00'],
      ['engage-backup.timer', 'RandomizedDelaySec=20min', 'RandomizedDelaySec=soon'],
    ] as const) {
      const wrong = { ...right, [name]: right[name].replace(from, to) }
      expect(unitProblems(...(await units(wrong))), to).not.toEqual([])
    }
  })

  test('finds the services well locked down', async (context) => {
    needs('systemd-analyze', context)
    for (const file of await units({ 'backup.service': service, 'prune.service': prune }))
      expect(exposure(file)).toBeLessThan(2)
    const loose = service.replace(/^(Protect|Private|Restrict|System|Capab).*$/gm, '')
    for (const file of await units({ 'loose.service': loose })) expect(exposure(file)).toBeGreaterThan(4)
  })

  test('is told of the service that the first one starts', () => {
    expect(/^OnSuccess=(.+)$/m.exec(service)?.[1]).toBe('engage-backup-prune.service')
    expect(timer).not.toContain('Unit=')
  })
})

describe('cron', () => {
  const file = join(SCHEDULES, 'engage-backup.crontab')
  const slips = [
    ['30 3 * * *', '30 25 * * *'],
    ['30 3 * * *', '30 3 * * funday'],
  ] as const

  async function withSlip([from, to]: readonly [string, string]): Promise<string> {
    const damaged = join(await temporaryFolder(), 'crontab')
    writeFileSync(damaged, crontab.replace(from, to))
    return damaged
  }

  test('has times that are times', async () => {
    expect(crontabProblems(file)).toEqual([])
    for (const slip of slips) expect(crontabProblems(await withSlip(slip)), slip[1]).not.toEqual([])
  })

  test("is taken by Debian's own", async (context) => {
    needs('crontab', context)
    expect(debianCronProblems(file)).toEqual([])
    for (const slip of slips) expect(debianCronProblems(await withSlip(slip)), slip[1]).not.toEqual([])
  })

  test('makes no line feed of a percent sign', () => {
    expect(crontab.split('\n').filter((line) => /^[^#]*(?<!\\)%/.test(line))).toEqual([])
  })
})

describe('Kubernetes', () => {
  const spec = parseAllDocuments(manifest).at(-1)?.toJS()?.spec

  test('takes the manifests', () => {
    expect(manifestProblems(manifest)).toEqual([])
    expect(cronProblems(spec.schedule)).toEqual([])
  })

  test.each([
    ['concurrencyPolicy: Forbid', 'concurrencyPolicy: Never'],
    ['backoffLimit: 2', 'backoffLimits: 2'],
    ['readOnlyRootFilesystem', 'readonlyRootFilesystem'],
    ['values: [2, 4, 5, 6]', "values: ['2']"],
    ['storage: 50Gi', 'storages: [50Gi]'],
    ['kind: CronJob', 'kind: CronJobs'],
    ['schedule: ', 'schedule '],
  ])('would refuse them with %s → %s', (from, to) => {
    expect(manifestProblems(manifest.replace(from, to))).not.toEqual([])
  })

  test('gives the job longer than all its tries take', () => {
    const { activeDeadlineSeconds, backoffLimit, template } = spec.jobTemplate.spec
    const [backup] = template.spec.initContainers
    expect(backup.args).toContain('--max-duration=2h')
    expect(activeDeadlineSeconds).toBeGreaterThan((backoffLimit + 1) * 2 * 3_600)
  })

  test('reads the API key, which only the backup may send, from a file and shows it to no other user', () => {
    const { volumes } = spec.jobTemplate.spec.template.spec
    const secret = volumes.find(({ name }: { name: string }) => name === 'secrets').secret
    expect(secret.defaultMode).toBe(0o440)
    expect(manifest).not.toMatch(/name: ENGAGE_API_KEY$/m)
  })
})

describe('GitHub Actions', () => {
  const parsed = parse(workflow)

  test('takes the workflow', () => {
    expect(workflowProblems(workflow)).toEqual([])
    expect(parsed.on.schedule.flatMap(({ cron }: { cron: string }) => cronProblems(cron))).toEqual([])
  })

  test.each([
    ['timeout-minutes: 330', 'timeout-minute: 330'],
    ['cancel-in-progress: false', 'cancel-in-progress: perhaps'],
    ['id-token: write', 'id-token: all'],
    ['      - uses: actions/setup-node@v4', '      - use: actions/setup-node@v4'],
    ['    steps:', '    steps'],
  ])('would refuse it with %s → %s', (from, to) => {
    expect(workflowProblems(workflow.replace(from, to))).not.toEqual([])
  })

  test.each(['99 2 * * *', '23 2 * *', '* * * * * *', 'daily'])('would refuse the time %s', (time) => {
    expect(cronProblems(time)).not.toEqual([])
  })

  test('gives the job longer than the backup takes, which is what the keys of the bucket last', () => {
    expect(workflow).toContain('--max-duration 5h')
    expect(parsed.jobs.backup['timeout-minutes']).toBeGreaterThan(5 * 60)
    expect(workflow).toContain(`role-duration-seconds: ${6 * 3_600}`)
    expect(parsed.jobs.backup['timeout-minutes']).toBeLessThan(6 * 60)
  })
})

const COMMANDS: Readonly<Record<string, Command>> = {
  backup,
  restore,
  sign,
  'snapshots forget-contact': snapshotsForgetContact,
  'snapshots list': snapshotsList,
  'snapshots prune': snapshotsPrune,
  verify,
}
const COMMON = [...Object.values(SETTINGS).map(({ flag }) => flag), 'config', 'json', 'log-format', 'debug']

function unknownIn({ verb, flags }: Called): readonly string[] {
  const command = COMMANDS[verb]
  if (command === undefined) return [verb]
  const known = [...COMMON, ...Object.keys(command.flags)]
  return flags.filter((each) => !known.includes(each))
}

describe('What is called', () => {
  test.each([
    ['engage-backup.service', commandsIn(service + prune), ['backup', 'snapshots prune']],
    ['engage-backup.crontab', commandsIn(crontab), ['backup', 'snapshots prune']],
    ['engage-backup.cronjob.yaml', commandsInManifest(manifest), ['backup', 'snapshots prune']],
    ['engage-backup.workflow.yml', commandsInWorkflow(workflow), ['backup', 'snapshots prune']],
  ])('by %s are commands that there are, with flags that they know', (_, called, verbs) => {
    expect(called.map(({ verb }) => verb)).toEqual(verbs)
    expect(called.flatMap(unknownIn)).toEqual([])
    for (const { flags } of called) {
      // For machines, not for people.
      expect(flags).toEqual(expect.arrayContaining(['json', 'log-format']))
    }
    expect(called[0]?.flags).toEqual(
      expect.arrayContaining(['contacts', 'since', 'max-duration', 'ping-url']),
    )
  })

  test('by the runbook, too', () => {
    const blocks = readFileSync(join(RUNBOOKS, 'backups.md'), 'utf8').matchAll(/^```\w+.*\n([\s\S]*?)^```$/gm)
    const called = Array.from(blocks, ([, block = '']) => commandsIn(block)).flat()
    expect(called.length).toBeGreaterThan(8)
    expect(called.flatMap(unknownIn)).toEqual([])
  })

  test('is read to its end, and no further', () => {
    expect(
      commandsIn(
        '# engage-migrate no --x\nX=1 engage-migrate backup a --all \\\n  --to="b" --json >>f 2>&1 || echo --y\n',
      ),
    ).toEqual([{ verb: 'backup', flags: ['all', 'to', 'json'] }])
  })
})
