/**
 * Gates and signatures as a report shows them.
 * Guarantees: pure reading of the journal; every signature that there was is there, those that count no more with the reason.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JournalEvent } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { JsonObject } from '../json.ts'
import { type Approval, approvalOf } from '../upgrade/approval.ts'
import { rollBackApproved } from '../upgrade/gates.ts'
import type { Plan } from '../upgrade/plan.ts'
import { openGate } from '../upgrade/status.ts'
import { FIRST_SIGNATURE, signaturesNeeded } from '../upgrade/two-people.ts'
import type { GateSignature, GateState } from './report.ts'

const BACK_GATE = { name: rollBackApproved.name, asks: rollBackApproved.title }

/** @param journal of the run; undefined before it has begun */
export function gateStates(
  plan: Pick<Plan, 'gates' | 'requireTwo' | 'policy'>,
  journal: Pick<Journal, 'events'> | undefined,
): readonly GateState[] {
  // The way back is no part of the plan.
  const back = journal?.events.latest(BACK_GATE.name) === undefined ? [] : [BACK_GATE]
  return [...plan.gates, ...back].map(({ name, asks }): GateState => {
    const last = journal?.events.latest(name, 'opened', 'signed', 'finished', 'withdrawn')
    const state =
      last?.kind === 'signed'
        ? 'signed'
        : last?.kind === 'finished'
          ? 'not-needed'
          : journal !== undefined && openGate(journal) === name
            ? 'open'
            : 'pending'
    const people = signaturesNeeded(name, plan)
    return { name, asks, state, people, signatures: journal === undefined ? [] : signaturesOf(journal, name) }
  })
}

/** @returns all signatures of a gate, in their order */
export function signaturesOf({ events }: Pick<Journal, 'events'>, gate: string): readonly GateSignature[] {
  const of = events
    .all()
    .filter(({ name, detail }) => name === gate || (name === FIRST_SIGNATURE && isOf(detail, gate)))
  return of.flatMap((event, index) => {
    if (event.kind !== 'signed' && event.name !== FIRST_SIGNATURE) return []
    const later = of.slice(index + 1)
    const withdrawn = later.find(({ kind }) => kind === 'withdrawn')
    const reason = withdrawn && String((withdrawn.detail as JsonObject)['reason'] ?? 'it was withdrawn')
    return [signature(event, reason ?? superseded(event, later, approvalOf({ events })))]
  })
}

/** A first signature counts no more once another one takes its place, or something else is put up before a second one came. */
function superseded(
  event: JournalEvent,
  later: readonly JournalEvent[],
  now: Approval | undefined,
): string | null {
  if (event.name !== FIRST_SIGNATURE) return null
  const again = later.some(({ name }) => name === FIRST_SIGNATURE)
  const joined = later.some(({ kind }) => kind === 'signed')
  const changed = now !== undefined && !isDeepStrictEqual((event.detail as JsonObject)['on'], now)
  return again || (changed && !joined) ? 'what it was on has changed' : null
}

function isOf(detail: unknown, gate: string): boolean {
  return (detail as JsonObject)['gate'] === gate
}

function signature({ at, detail }: JournalEvent, reason: string | null): GateSignature {
  const { by, note, planDigest, on } = detail as JsonObject
  const { snapshot = null, imported = null, report = null } = (on ?? {}) as Partial<Approval>
  return {
    by: String(by),
    at: new Date(at).toISOString(),
    note: String(note ?? ''),
    void: reason,
    on: { plan: String(planDigest), snapshot, imported, report },
  }
}
