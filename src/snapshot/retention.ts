/**
 * Which snapshots of a schema stay, and why.
 * Guarantees: pure; each verdict has its reasons; whatever the policy, these stay: the newest complete one of each kind,
 * what a run needs, what a snapshot that stays can't be read without, and what can't be used, with all that it may
 * follow. What was taken out of another one, to be restored, stays as long as a run needs it. A larger policy never removes
 * more, and to decide again on what is left removes nothing.
 */
import type { SnapshotCondition } from './catalog.ts'
import { BACKUP, HISTORY, MERGED, RESTORED } from './format.ts'
import { dayOf, monthOf, weekOf } from './periods.ts'

/** A snapshot, as far as the decision goes. */
export interface Candidate {
  /** Name of its folder; its parent is named by it, too. */
  readonly stamp: string
  /** When it was begun, in milliseconds since the epoch: the age that counts is that of its data. */
  readonly begunAt: number
  readonly condition: SnapshotCondition
  /** Its label; undefined where there is no manifest that says so. */
  readonly pass: string | undefined
  /** The snapshot that it follows. */
  readonly parent: string | undefined
  /** Why runs can't do without it, the run named; none where none needs it. */
  readonly needs: readonly string[]
  /** Whether somebody may be writing it at this moment. */
  readonly inTheMaking: boolean
}

/** What to keep; 0 keeps nothing by that rule. */
export interface Policy {
  /** How many of the newest. */
  readonly last: number
  /** Of how many days, weeks and months that have any the newest one is kept. */
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
  /** All that are younger, in milliseconds. */
  readonly withinMs: number
}

export interface Verdict<T extends Candidate = Candidate> {
  readonly snapshot: T
  readonly keep: boolean
  /** At least one. */
  readonly reasons: readonly string[]
  /** Whether it is the newest complete one of its kind: what the others may be removed for, if it is undamaged. */
  readonly newest: boolean
}

/** Each kind is decided on by itself: what an upgrade has read, perhaps of a few contacts, or merged, never takes a backup's place. */
type Kind = 'upgrade' | typeof BACKUP | typeof HISTORY | typeof RESTORED | typeof MERGED

const KINDS: readonly (string | undefined)[] = [BACKUP, HISTORY, RESTORED, MERGED]

function kindOf({ pass }: Candidate): Kind {
  return KINDS.includes(pass) ? (pass as Kind) : 'upgrade'
}

/** @returns whether a policy says anything at all */
export function keepsAnything(policy: Policy): boolean {
  return Object.values(policy).some((value) => value > 0)
}

/**
 * @param snapshots all of one schema of one tenant
 * @param now milliseconds since the epoch
 * @returns a verdict on each, in the order given
 */
export function decide<T extends Candidate>(
  snapshots: readonly T[],
  policy: Policy,
  now: number,
): readonly Verdict<T>[] {
  const newestFirst = [...snapshots].sort((a, b) => b.begunAt - a.begunAt || (a.stamp < b.stamp ? 1 : -1))
  const kept = newestFirst.filter((each) => isFinished(each) && kindOf(each) !== RESTORED)
  const complete = kept.filter(({ condition }) => condition === 'complete')
  const newest = new Map([...Map.groupBy(complete, kindOf)].map(([kind, [first]]) => [kind, first as T]))
  const keep = new Reasons()

  for (const each of newest.values()) keep.add(each, 'the newest complete one')
  for (const members of Map.groupBy(kept, kindOf).values()) applyRules(members, policy, keep)
  for (const each of kept) {
    if (each.begunAt > now - policy.withinMs) keep.add(each, 'within the time that all are kept')
    if (each.condition === 'incomplete' && !isOlder(each, newest.get(kindOf(each))))
      keep.add(each, 'incomplete, but no complete one is newer')
  }
  for (const each of newestFirst) {
    const { condition, needs, inTheMaking } = each
    for (const why of needs) keep.add(each, why)
    if (condition === 'half' && inTheMaking) keep.add(each, 'half: it may be in the making')
    else if (condition === 'half' && !isOlder(each, newest.get(BACKUP) ?? complete[0]))
      keep.add(each, 'half, and may be gone on with: no complete one is newer')
    if (condition === 'unusable')
      keep.add(each, "can't be used: somebody must look at it, it is never removed")
  }
  keepWhatMayBeFollowed(newestFirst, keep)
  keepParents(snapshots, keep)

  return snapshots.map((snapshot) => {
    const reasons = keep.of(snapshot)
    return {
      snapshot,
      keep: reasons.length > 0,
      reasons: reasons.length > 0 ? reasons : [whyNot(snapshot, newest)],
      newest: newest.get(kindOf(snapshot)) === snapshot,
    }
  })
}

/** Why snapshots stay: those that have no reason don't. */
class Reasons {
  readonly #reasons = new Map<string, string[]>()

  add({ stamp }: Pick<Candidate, 'stamp'>, reason: string): void {
    const known = this.#reasons.get(stamp)
    if (known === undefined) this.#reasons.set(stamp, [reason])
    else if (!known.includes(reason)) known.push(reason)
  }

  of({ stamp }: Pick<Candidate, 'stamp'>): readonly string[] {
    return this.#reasons.get(stamp) ?? []
  }
}

/**
 * In a period without a complete one, an incomplete one is all that there is of it.
 * @param members complete and incomplete ones of one kind, the newest first
 */
function applyRules(members: readonly Candidate[], policy: Policy, keep: Reasons): void {
  const complete = members.filter(({ condition }) => condition === 'complete')
  for (const [index, each] of complete.slice(0, policy.last).entries())
    keep.add(each, `last ${index + 1} of ${policy.last}`)
  const periods = [
    ['daily', policy.daily, dayOf],
    ['weekly', policy.weekly, weekOf],
    ['monthly', policy.monthly, monthOf],
  ] as const
  for (const [rule, count, periodOf] of periods) {
    const [...groups] = Map.groupBy(members, ({ begunAt }) => periodOf(begunAt))
    for (const [index, [period, those]] of groups.slice(0, count).entries()) {
      const whole = those.find(({ condition }) => condition === 'complete')
      const which = whole === undefined ? `${period}, which has no complete one` : period
      keep.add(whole ?? (those[0] as Candidate), `the last of ${which}, ${rule} ${index + 1} of ${count}`)
    }
  }
}

/** What something follows whose manifest is not there, or can't be read, is not known. */
function keepWhatMayBeFollowed(newestFirst: readonly Candidate[], keep: Reasons): void {
  for (const child of newestFirst) {
    if (child.condition === 'unusable') {
      for (const each of newestFirst)
        if (each.stamp < child.stamp) keep.add(each, `${child.stamp} can't be used, and may follow it`)
    }
    if (child.condition === 'half' && keep.of(child).length > 0) {
      const latest = newestFirst.find(
        (each) => isFinished(each) && kindOf(each) === BACKUP && each.stamp < child.stamp,
      )
      if (latest !== undefined) keep.add(latest, `${child.stamp} is half, and may follow it`)
    }
  }
}

/** A chain is read from its beginning: a link that stays keeps all before it. */
function keepParents(snapshots: readonly Candidate[], keep: Reasons): void {
  const byStamp = new Map(snapshots.map((each) => [each.stamp, each]))
  const open = snapshots.filter((each) => keep.of(each).length > 0)
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    const parent = byStamp.get(child.parent ?? '')
    if (parent === undefined) continue
    const stayed = keep.of(parent).length > 0
    keep.add(parent, `${child.stamp} follows it`)
    if (!stayed) open.push(parent)
  }
}

function isFinished({ condition }: Candidate): boolean {
  return condition === 'complete' || condition === 'incomplete'
}

function isOlder({ begunAt }: Candidate, than: Candidate | undefined): boolean {
  return than !== undefined && begunAt <= than.begunAt
}

function whyNot(snapshot: Candidate, newest: ReadonlyMap<Kind, Candidate>): string {
  const { condition } = snapshot
  const kind = kindOf(snapshot)
  if (kind === RESTORED) return 'taken out of another one to be restored, and no run needs it any more'
  if (condition === 'complete') return 'no rule keeps it'
  if (condition === 'half') {
    const newer = newest.get(BACKUP) ?? [...newest.values()][0]
    return `half: it has no manifest, and ${newer?.stamp} is complete and newer`
  }
  return `incomplete, and ${newest.get(kind)?.stamp} is complete and newer`
}
