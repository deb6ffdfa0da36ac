/**
 * The commands of engage-migrate in the files that schedule them, and in what people read.
 * Guarantees: a command that is broken over lines is one; it ends where a shell ends it.
 */
import { parse, parseAllDocuments } from 'yaml'

export interface Called {
  /** `backup`, `snapshots prune`. */
  readonly verb: string
  /** Names of its flags, without dashes. */
  readonly flags: readonly string[]
}

interface Container {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

/** @returns the commands in a text that is a shell's, or has them in such a form: a unit, a crontab, a runbook's block */
export function commandsIn(text: string): readonly Called[] {
  return Array.from(
    text.replace(/\\\n\s*/g, ' ').matchAll(/^[^#\n]*?\bengage-migrate +([a-z][^\n]*)/gm),
    ([, words = '']) => calledBy(words.split(/ (?:\|\||&&|#|>+|;)/)[0] ?? ''),
  )
}

/** @returns the commands of a CronJob's containers */
export function commandsInManifest(text: string): readonly Called[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter(({ kind }) => kind === 'CronJob')
    .flatMap(({ spec }) => {
      const { initContainers = [], containers } = spec.jobTemplate.spec.template.spec
      return [...initContainers, ...containers] as readonly Container[]
    })
    .filter(({ command }) => command?.[0] === 'engage-migrate')
    .map(({ args = [] }) => calledBy(args.join(' ')))
}

/** @returns the commands of a workflow's steps */
export function commandsInWorkflow(text: string): readonly Called[] {
  const { jobs } = parse(text) as { jobs: Record<string, { steps: readonly { run?: string }[] }> }
  return Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .flatMap(({ run = '' }) => commandsIn(run))
}

function calledBy(words: string): Called {
  const [verb = '', second = ''] = words.split(' ')
  return {
    verb: verb === 'snapshots' ? `${verb} ${second}` : verb,
    flags: Array.from(words.matchAll(/(?:^|\s)--([a-z][a-z-]*)/g), ([, name = '']) => name),
  }
}
