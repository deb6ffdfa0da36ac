/**
 * Everything that the decision to delete rested on, looked at once more, at the instant before.
 * Guarantees: the live schema is the plan's; plan, snapshot and report are those that were signed for; the snapshot (and what was
 * merged of it and a history of the source) has been read back from disk byte by byte; coverage is complete or accepted by name,
 * and no worse than it was; what does not come back is accepted by number; there is room for the new schema; the policy allows
 * it, now; no contact of a sample holds anything that the snapshot lacks, nor does any that it has as gone. What has moved is
 * shown as a difference, and the signature is void.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { freePlaces } from '../schema/rules.ts'
import { countOf } from '../words.ts'
import { approvalNow, basisOf, differing } from './approval.ts'
import { coverageNow } from './deletion-basis.ts'
import { mayHaveDeleted, usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf } from './imported.ts'
import { lackingIn, type Standing, standingNow } from './joined.ts'
import { assertNoDrift, assertProven, passFolder, passResult } from './pass.ts'
import { checkUpgrade } from './plan.ts'
import { whyNotNow } from './policy.ts'
import { whyAnotherPolicy } from './policy-file.ts'
import { assertQuiet } from './quiet.ts'
import { assertStillGone } from './restored.ts'
import type { Signature } from './signature.ts'
import type { ReadContext } from './strategy.ts'
import { samePerson, signaturesNeeded } from './two-people.ts'

/** Something that is not as it was when the deletion was approved. */
interface Moved {
  readonly what: string
  readonly was: string
  readonly is: string
}

/** As the journal keeps it. */
type Signed = Partial<Signature> & { readonly first?: { readonly by: string } }

/**
 * Once a DELETE may have been carried out, the history may be in the snapshot alone: from then on it is not asked again whether it
 * was approved, and who may still be shown there is looked at contact by contact (see deletion.ts).
 * @returns the ids of all other schemas @throws OperatorError (exit 4)
 */
export async function lookOnceMore(context: ReadContext): Promise<readonly string[]> {
  const { plan, journal } = context
  const first = !mayHaveDeleted(journal)
  if (first) {
    assertSigned(context)
    assertAllowed(context)
  }
  await assertSchema(context)
  const schemas = await schemasOf(context)
  const others = schemas.filter((id) => id !== plan.schemaId)
  checkUpgrade(plan.before, plan.after, others)
  if (first) assertUnmoved(context, await approvalMoved(context), placesMoved(context, schemas))
  await assertSnapshots(context)
  const back = await assertStillGone(context)
  await assertQuiet(context)
  // All of that takes a while: once more, with nothing between this and the deletion.
  if (first) {
    sayWhatIsNew(context, schemas)
    assertUnmoved(context, await coverageMoved(context, back))
    assertAllowed(context)
    assertUnmoved(context, await approvalMoved(context), placesMoved(context, await schemasOf(context)))
  }
  await assertSchema(context)
  return others
}

async function schemasOf({ reader }: ReadContext): Promise<readonly string[]> {
  return (await reader.listSchemas()).map(({ id }) => id)
}

/** Of another schema nobody has approved anything. */
async function assertSchema(context: ReadContext): Promise<void> {
  const { journal } = context
  try {
    await assertNoDrift(context)
  } catch (error) {
    if (error instanceof OperatorError && !mayHaveDeleted(journal))
      journal.events.withdraw(['delete-schema'], { reason: error.message })
    throw error
  }
}

/** @throws OperatorError (exit 4) where what is deleted, or what is imported afterwards, is not whole on disk */
export async function assertSnapshots(context: ReadContext): Promise<void> {
  const folder = passFolder(context, 'final-pass')
  context.say('proving the snapshot byte by byte')
  await assertProven(folder, passResult(context, 'final-pass').manifestDigest)
  if (usesHistory(context.journal))
    await assertProven(importedFolder(context), importedResult(context).manifestDigest)
}

function signedFor({ journal }: ReadContext): Signed | undefined {
  return journal.events.latest('delete-schema', 'signed')?.detail as Signed | undefined
}

function assertSigned(context: ReadContext): void {
  const { plan, planDigest } = context
  const signed = signedFor(context)
  const loss = lossOf(context)
  const two = signaturesNeeded('delete-schema', plan) === 2
  const reasons = [
    ...(signed?.confirm === plan.schemaId ? [] : ['the id of the schema was not typed out']),
    ...(signed?.planDigest === planDigest ? [] : ['the signature is on another plan']),
    ...(coverageNow(context).sure || signed?.acceptCoverage === true
      ? []
      : ['coverage is neither sure nor accepted']),
    ...(loss === 0 || signed?.acceptLoss === loss ? [] : [`the loss of ${loss} is not accepted`]),
    ...(two && (signed?.first === undefined || samePerson(signed.first.by, signed.by ?? ''))
      ? ['it takes two different people']
      : []),
  ]
  if (reasons.length === 0) return
  throw voided(context, [
    `The deletion of ${plan.schemaId} is not signed for as it must be: ${reasons.join('; ')}.`,
  ])
}

/** What is signed stays signed: it only has to wait, or takes a new plan. */
function assertAllowed({ plan, clock, settings }: ReadContext): void {
  const another = whyAnotherPolicy(settings.policy, plan)
  const why = plan.policy && whyNotNow(plan.policy, clock.now())
  if (another.length === 0 && why === undefined) return
  throw new OperatorError({
    what:
      another.length > 0
        ? `Nothing may be deleted by run ${plan.run}: ${another.join('; ')}.`
        : `By the policy ${plan.policy?.file} no deletion begins now: ${why}.`,
    safe: 'Nothing was deleted; what was signed stays signed. Automations stay paused and producers stopped.',
    next:
      another.length > 0
        ? `engage-migrate plan ${plan.schemaId} …   (a new plan, with the policy that is set)`
        : `Go on when it may: engage-migrate upgrade ${plan.run}`,
    exit: EXIT.precondition,
  })
}

/** What stands in nobody's way is said all the same, and kept in the log. */
function sayWhatIsNew({ journal, say }: ReadContext, schemas: readonly string[]): void {
  const before = basisOf(journal)?.schemas ?? schemas
  const since = schemas.filter((id) => !before.includes(id))
  if (since.length > 0) say(`Created since the approval, and no matter: ${since.join(', ')}.`)
}

function assertUnmoved(context: ReadContext, ...all: ReadonlyArray<readonly Moved[]>): void {
  const moved = all.flat()
  if (moved.length === 0) return
  const lines = moved.map(({ what, was, is }) => `${what}: was ${was}, is ${is}`)
  throw voided(context, [
    `What the deletion of ${context.plan.schemaId} in ${context.plan.tenant} was approved on has changed since it was signed for:`,
    ...lines,
  ])
}

async function approvalMoved(context: ReadContext): Promise<readonly Moved[]> {
  const on = signedFor(context)?.on
  if (on === undefined)
    return [{ what: 'the signature', was: 'of an earlier version of this program', is: 'on no report' }]
  const now = await approvalNow(context)
  if (context.report !== undefined && on.report === null)
    return [{ what: 'the report', was: 'not there when it was signed', is: 'what has to be signed for' }]
  return differing(on, now).map((what) => ({
    ...{ what, was: 'the one that was signed for', is: 'another one, or gone' },
  }))
}

function placesMoved({ journal }: ReadContext, schemas: readonly string[]): readonly Moved[] {
  const basis = basisOf(journal)
  if (basis === undefined) return []
  const was = freePlaces(basis.schemas.length)
  const free = freePlaces(schemas.length)
  if (free > 0 || was === 0) return []
  const since = schemas.filter((id) => !basis.schemas.includes(id))
  return [
    {
      what: 'free places for schemas',
      was: String(was),
      is: `0, so that whoever creates one more takes the place of the deleted one (created since: ${since.join(', ')})`,
    },
  ]
}

/**
 * Compared as they are, those who are fewer than is known too: else one who has joined would hide behind one who has gone.
 * @param back contacts that are there again, without any interaction
 */
async function coverageMoved(context: ReadContext, back: number): Promise<readonly Moved[]> {
  const basis = basisOf(context.journal)
  if (basis === undefined) return []
  const now: Standing = { back, ...(await standingNow(context)) }
  const [before, after] = [lackingIn(context, basis), lackingIn(context, now)]
  if (after === null && before === null) return []
  const more = (now.joined ?? 0) - (basis.joined ?? 0)
  if (more > 0)
    context.say(`Joined since the approval, read, and without interactions: ${countOf(more, 'contact')}.`)
  // Whoever has not accepted that contacts may be missing has not accepted one more, either.
  const { plan, settings } = context
  const mayLack = signedFor(context)?.acceptCoverage === true && plan.policy?.rules.coverage !== 'sure'
  const accepted = mayLack ? settings.driftContacts : 0
  if (after !== null && before !== null && after - before <= accepted) return []
  return [
    {
      what: 'contacts of the tenant, by its own count',
      was: standingText(context, basis),
      is: `${standingText(context, now)}. Where contacts join all the time and "changes" is not activated, --drift-contacts N lets so many join unaccounted for, once --accept-coverage is signed`,
    },
  ]
}

function standingText(context: ReadContext, standing: Standing): string {
  const { counted } = standing
  const lacking = lackingIn(context, standing)
  return counted === null || lacking === null
    ? 'not known'
    : `${counted}, of which ${counted - lacking} are known`
}

/** The signature counts no more: the next `upgrade` puts up for approval what is there now. */
function voided(context: ReadContext, lines: readonly string[]): OperatorError {
  const { journal, plan } = context
  const [first = '', ...others] = lines
  const reason = [first.replace(/[.:]$/, ''), ...others].join('; ')
  journal.events.withdraw(['delete-schema'], { reason } satisfies JsonObject)
  return new OperatorError({
    what: [...lines, 'The signature of delete-schema is void.'].join('\n  '),
    safe: 'Nothing was deleted.',
    next: `engage-migrate upgrade ${plan.run}   (writes the report anew, and asks for delete-schema again)`,
    exit: EXIT.precondition,
  })
}
