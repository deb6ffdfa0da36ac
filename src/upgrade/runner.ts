/**
 * Walks through a strategy, one action after the other.
 * Guarantees: an action begins only when all before it are done; what is done is never done again (but what was
 * withdrawn); an action's start is journaled before it acts and its result after; nothing passes a gate unsigned;
 * without a writer nothing is run that could change the tenant.
 */
import type { EngageWriter } from '../engage/types.ts'
import type { Journal } from '../journal/journal.ts'
import type { Action, GateRequest, ReadContext, Strategy } from './strategy.ts'

export type RunOutcome =
  | { readonly state: 'done' }
  | { readonly state: 'waiting'; readonly gate: string; readonly request: GateRequest }
  /** A dry run came to the first action that it may not take. */
  | { readonly state: 'dry-run-ends'; readonly before: string }

/**
 * @param writer undefined in a dry run
 * @throws what an action throws; the run can be gone on with by running the strategy again
 */
export async function runStrategy(
  strategy: Strategy,
  context: ReadContext,
  writer: EngageWriter | undefined,
): Promise<RunOutcome> {
  const { journal } = context
  for (const step of strategy) {
    for (const action of step.actions) {
      if (isDone(journal, action)) continue
      if (action.kind === 'gate') {
        if (writer !== undefined) await action.prepare?.(context)
        // What it has found to be out of date is done once more first.
        if (!doneBefore(strategy, action, journal)) return runStrategy(strategy, context, writer)
        const request = action.request(context)
        if (request === undefined) {
          journal.events.append('finished', action.name, { skipped: true })
          continue
        }
        if (writer === undefined) return { state: 'dry-run-ends', before: action.name }
        journal.events.append('opened', action.name, { ...request })
        return { state: 'waiting', gate: action.name, request }
      }
      if (action.kind === 'write' && writer === undefined)
        return { state: 'dry-run-ends', before: action.name }
      context.say(`${step.name}: ${action.title}`)
      journal.events.append('started', action.name)
      const result =
        action.kind === 'read'
          ? await action.run(context)
          : await action.run({ ...context, writer: writer as EngageWriter })
      journal.events.append('finished', action.name, result)
    }
  }
  return { state: 'done' }
}

function doneBefore(strategy: Strategy, action: Action, journal: Journal): boolean {
  const actions = strategy.flatMap((step) => step.actions)
  return actions.slice(0, actions.indexOf(action)).every((each) => isDone(journal, each))
}

/** @returns whether an action has been done (a gate: signed, or not needed) and not been withdrawn since. */
export function isDone(journal: Pick<Journal, 'events'>, action: Pick<Action, 'name'>): boolean {
  const last = journal.events.latest(action.name, 'finished', 'signed', 'withdrawn')
  return last !== undefined && last.kind !== 'withdrawn'
}
