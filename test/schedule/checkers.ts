/**
 * The checkers of the schedules' own systems.
 * Guarantees: each says what is wrong in the words of the real thing; what is right is an empty list.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { validateWorkflow } from '@action-validator/core'
import { CronExpressionParser, CronFileParser } from 'cron-parser'
import { validate as followsCronJob } from 'kubernetes-models/_schemas/IoK8sApiBatchV1CronJob'
import { validate as followsClaim } from 'kubernetes-models/_schemas/IoK8sApiCoreV1PersistentVolumeClaim'
import { CronJob } from 'kubernetes-models/batch/v1'
import { PersistentVolumeClaim } from 'kubernetes-models/v1'
import { parseAllDocuments } from 'yaml'
import { messageOf } from '../../src/errors.ts'

export type Problems = readonly string[]

/** @returns whether a program is on this machine */
export function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** systemd's own: `systemd-analyze verify` of units in files. */
export function unitProblems(...files: readonly string[]): Problems {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  })
  // It tells of the machine's other units too, and mostly ends with 0.
  const own = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => files.some((file) => line.includes(basename(file))))
  return own.length === 0 && status !== 0 ? [`it ended with ${status}: ${stderr}`] : own
}

/** @returns how much a service is exposed by the reckoning of `systemd-analyze security`, from 0 to 10 */
export function exposure(file: string): number {
  const { stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', file],
    {
      encoding: 'utf8',
    },
  )
  return Number(/exposure level for \S+: ([\d.]+)/.exec(stdout + stderr)?.[1])
}

/** cron's own: `crontab -n`. */
export function debianCronProblems(file: string): Problems {
  const { status, stderr } = spawnSync('crontab', ['-n', file], { encoding: 'utf8' })
  return status === 0 ? [] : [stderr.trim()]
}

/** The times and the settings of a crontab; cron itself knows more of it, where it is there. */
export function crontabProblems(file: string): Problems {
  const { expressions, errors } = CronFileParser.parseFileSync(file)
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[*\d@]/.test(line))
  const unread =
    lines.length === expressions.length ? [] : [`${lines.length} lines, ${expressions.length} times`]
  return [...Object.entries(errors).map(([line, error]) => `${line}: ${messageOf(error)}`), ...unread]
}

/** A time as GitHub and Kubernetes take it: five fields. */
export function cronProblems(expression: string): Problems {
  if (expression.trim().split(/\s+/).length !== 5) return [`${expression} has not five fields`]
  try {
    CronExpressionParser.parse(expression)
    return []
  } catch (error) {
    return [messageOf(error)]
  }
}

/** GitHub's schema of workflows, and what goes beyond it (needs, globs, …). */
export function workflowProblems(text: string): Problems {
  return validateWorkflow(text).errors.map((error) => JSON.stringify(error))
}

const KINDS = {
  CronJob: { follows: followsCronJob, Model: CronJob },
  PersistentVolumeClaim: { follows: followsClaim, Model: PersistentVolumeClaim },
}

/** Kubernetes' OpenAPI schema, made strict: a field that it does not know is a problem, as for `kubectl --validate=strict`. */
export function manifestProblems(text: string): Problems {
  return parseAllDocuments(text).flatMap((document) => {
    const problems = [...document.errors, ...document.warnings].map(({ message }) => message)
    const value: unknown = document.toJS()
    const kind = KINDS[(value as { kind: keyof typeof KINDS }).kind]
    if (problems.length > 0 || kind === undefined)
      return [...problems, ...(kind === undefined ? ['its kind'] : [])]
    try {
      new kind.Model(value as never).validate()
    } catch (error) {
      return [messageOf(error)]
    }
    const unread = new Set<string>()
    kind.follows(watched(value, '', unread))
    return [...unread].map((path) => `${path} is no field that Kubernetes knows`)
  })
}

/** A value that takes note of what is read of it: the compiled schema looks at every field that it knows, and at no other. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const inner = new Map(
    Object.entries(value).map(([key, each]) => [key, watched(each, `${path}/${key}`, unread)]),
  )
  for (const key of inner.keys()) unread.add(`${path}/${key}`)
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key !== 'string' || !inner.has(key)) return Reflect.get(target, key, receiver)
      unread.delete(`${path}/${key}`)
      return inner.get(key)
    },
  })
}
