/**
 * Signatures.
 * Guarantees: a gate can be signed only while the run waits at it, having said what it asks; what it needs besides
 * a name (the schema's id typed out, a risk accepted by name) must be there; the signature is kept with what was asked, and
 * with the digests of what it is on. What a policy forbids takes no signature; where two people are needed, one opens nothing.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Json, JsonObject } from '../json.ts'
import { type Approval, differing } from './approval.ts'
import { inPlace, rollBack } from './in-place.ts'
import type { Plan } from './plan.ts'
import { openGate } from './status.ts'
import type { GateRequest, Requirement } from './strategy.ts'
import { FIRST_SIGNATURE, firstSignature, samePerson, signaturesNeeded } from './two-people.ts'

export interface Signature {
  readonly by: string
  readonly note: string
  readonly confirm: string | null
  readonly acceptCoverage: boolean
  readonly acceptNoPreflight: boolean
  /** How many interactions need not come back; null or absent where nothing was said of it. */
  readonly acceptLoss?: number | null
  /** SHA-256 (hex) of the plan that was signed for. */
  readonly planDigest: string
  /** What lay there when it was signed; of the deletion only. Absent in those of an earlier version. */
  readonly on?: Approval
}

/** `first`: somebody else has to sign as well. `before`: it had been signed already, and nothing was written. */
export type Signed = 'signed' | 'first' | 'before'

/** Stands where a name belongs in the commands that are printed: whoever pastes one has not signed yet. */
export const NAME_HERE = 'YOUR NAME'
/** Stands where the schema's id belongs: a person is to type what is going to be deleted. */
const ID_HERE = 'SCHEMA ID'
/** And the number of interactions that do not come back. */
const NUMBER_HERE = 'HOW MANY'

/** All gates that there are, in the order of the upgrade; that of the way back last. */
export const GATES: readonly string[] = [
  ...new Set(
    [...inPlace, ...rollBack]
      .flatMap(({ actions }) => actions)
      .filter(({ kind }) => kind === 'gate')
      .map(({ name }) => name),
  ),
]

/**
 * @throws OperatorError (exit 2) for a gate that there is not; (exit 4) for one that is not open, whose needs are not met, or
 *   that asks for something else by now than what lies there
 */
export function signGate(journal: Journal, plan: Plan, gate: string, signature: Signature): Signed {
  if (!GATES.includes(gate)) {
    throw refuse(
      EXIT.usage,
      `There is no gate ${gate}; there are: ${GATES.join(', ')}.`,
      'Name one of these.',
    )
  }
  if (samePerson(signature.by, NAME_HERE)) {
    throw refuse(
      EXIT.usage,
      `A signature needs the name of a person; "${NAME_HERE}" is none.`,
      'Put your name there.',
    )
  }
  const last = journal.events.latest(gate, 'opened', 'signed', 'withdrawn', 'finished')
  if (last?.kind === 'signed' || last?.kind === 'finished') return 'before'
  if (last?.kind !== 'opened' || openGate(journal) !== gate) {
    throw refuse(
      EXIT.precondition,
      `Run ${plan.run} does not wait at the gate ${gate}: what would be signed is not known yet.${waitsAt(journal)}`,
      `engage-migrate upgrade ${gate === 'roll-back' ? '--roll-back ' : ''}${plan.run}`,
    )
  }
  if (signature.confirm !== null && signature.confirm !== plan.schemaId) {
    throw refuse(
      EXIT.precondition,
      `--confirm names ${signature.confirm}, but this run is about ${plan.schemaId}.`,
      'Type the id of the schema after --confirm, if that is the one you mean.',
    )
  }
  const request = last.detail as unknown as GateRequest
  const { needs, loss = 0 } = request
  assertAllowed(plan, request)
  if (gate === 'delete-schema') assertSameOn(plan, request, signature)
  if (signature.acceptLoss != null && signature.acceptLoss !== loss) {
    throw refuse(
      EXIT.precondition,
      `--accept-loss names ${signature.acceptLoss}, but ${loss} interactions do not come back by this run.`,
      'Read what the gate asks, and give that number if it is acceptable.',
    )
  }
  const lacking = needs.filter((need) => !MET[need](signature))
  if (lacking.length > 0) {
    const asks = request.asks.join('\n  ')
    throw refuse(
      EXIT.precondition,
      `The gate ${gate} needs ${flagsOf(lacking)} besides a name.\n  ${asks}`,
      `engage-migrate sign ${plan.run} ${gate} --by "${signature.by}" ${flagsOf(needs)}`,
    )
  }
  if (signaturesNeeded(gate, plan) === 1) {
    journal.events.append('signed', gate, { ...signature, request } as unknown as Json)
    return 'signed'
  }
  const first = firstSignature(journal, signature.on)
  if (first === undefined) {
    journal.events.append('note', FIRST_SIGNATURE, { gate, ...signature } as unknown as Json)
    return 'first'
  }
  const by = String((first.detail as JsonObject)['by'])
  if (samePerson(by, signature.by)) {
    throw refuse(
      EXIT.precondition,
      `The deletion takes the signatures of two different people, and ${by} has signed already.`,
      `Have somebody else sign: engage-migrate sign ${plan.run} ${gate} --by "${NAME_HERE}" ${flagsOf(needs)}`,
    )
  }
  const firstOf = { ...(first.detail as JsonObject), at: new Date(first.at).toISOString() }
  journal.events.append('signed', gate, { ...signature, first: firstOf, request } as unknown as Json)
  return 'signed'
}

/** What the organisation's policy forbids, nobody can sign for. */
function assertAllowed({ run }: Plan, { forbidden = [] }: GateRequest): void {
  if (forbidden.length === 0) return
  throw refuse(
    EXIT.precondition,
    `By the organisation's policy nobody can approve this deletion: ${forbidden.join('; ')}.`,
    `Plan it otherwise, or have the policy changed and make a new plan with it. What is known is in the report: engage-migrate report ${run}`,
  )
}

/** Whoever signs has read what was put up for approval, not what lies there now. */
function assertSameOn({ run }: Plan, request: GateRequest, { on }: Signature): void {
  // An earlier version of this program has put up nothing to be signed for.
  const changed = request.on === undefined || on === undefined ? ['the report'] : differing(request.on, on)
  if (changed.length === 0) return
  throw refuse(
    EXIT.precondition,
    `What was put up for approval is not what lies there now: ${changed.join(', ')} has changed since, or is not there.`,
    `engage-migrate upgrade ${run}   (puts it up for approval anew)`,
  )
}

/** What a person is to type. */
const TYPED: Partial<Readonly<Record<Requirement, string>>> = {
  confirm: `--confirm "${ID_HERE}"`,
  'accept-loss': `--accept-loss "${NUMBER_HERE}"`,
}

/** @returns the flags that bring what a gate needs, as they are typed; the id of the schema, and how many interactions do not come back, are left to the person */
export function flagsOf(needs: readonly Requirement[]): string {
  return needs.map((need) => TYPED[need] ?? `--${need}`).join(' ')
}

function waitsAt(journal: Journal): string {
  const gate = openGate(journal)
  return gate === null ? '' : ` It waits at ${gate}.`
}

const MET: Readonly<Record<Requirement, (signature: Signature) => boolean>> = {
  confirm: ({ confirm }) => confirm !== null,
  'accept-coverage': ({ acceptCoverage }) => acceptCoverage,
  'accept-no-preflight': ({ acceptNoPreflight }) => acceptNoPreflight,
  // The number itself was held against the gate's before.
  'accept-loss': ({ acceptLoss }) => acceptLoss != null,
}

function refuse(exit: 2 | 4, what: string, next: string): OperatorError {
  return new OperatorError({ what, safe: 'Nothing was signed.', next, exit })
}
