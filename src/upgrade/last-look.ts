/**
 * Everything that the decision to delete rested on, looked at once more, at the instant before.
 * Guarantees: the live schema is the plan's; plan, snapshot and report are those that were signed for; the snapshot (and what was
 * merged of it and a history of the source) has been read back from disk byte by byte; coverage is complete or accepted by name,
 * and no worse than it was; what does not come back is accepted by number; there is room for the new schema; the policy allows
 * it, now; no contact of a sample holds anything that the snapshot lacks, nor does any that it has as gone. What has moved is
 * shown as a difference, and the signature of it is void.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { freePlaces } from '../schema/rules.ts'
import { countContacts } from '../transfer/contact-source.ts'
import { approvalNow, basisOf, differing } from './approval.ts'
import { coverageNow } from './deletion-basis.ts'
import { mayHaveDeleted, usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf } from './imported.ts'
import { lackingIn, readJoined, type Standing } from './joined.ts'
import { assertNoDrift, assertProven, passFolder, passResult } from './pass.ts'
import { checkUpgrade } from './plan.ts'
import { whyNotNow } from './policy.ts'
import { readPolicy } from './policy-file.ts'
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

/** @returns the ids of all other schemas @throws OperatorError (exit 4) */
export async function lookOnceMore(context: ReadContext): Promise<readonly string[]> {
  assertSigned(context)
  assertNow(context)
  await assertNoDrift(context)
  const schemas = (await context.reader.listSchemas()).map(({ id }) => id)
  const others = schemas.filter((id) => id !== context.plan.schemaId)
  checkUpgrade(context.plan.before, context.plan.after, others)
  assertUnmoved(context, [
    ...(await approvalMoved(context)),
    ...policyMoved(context),
    ...placesMoved(context, schemas),
  ])
  await assertSnapshots(context)
  const back = await assertStillGone(context)
  await assertQuiet(context)
  assertUnmoved(context, await coverageMoved(context, back))
  // Proving takes a while: once more, with nothing between this and the deletion.
  await assertNoDrift(context)
  return others
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

/** The signature stands; it only has to wait. */
function assertNow({ plan, clock }: ReadContext): void {
  const why = plan.policy && whyNotNow(plan.policy, clock.now())
  if (why === undefined) return
  throw new OperatorError({
    what: `By the policy ${plan.policy?.file} no deletion begins now: ${why}.`,
    safe: 'Nothing was deleted; what was signed stays signed. Automations stay paused and producers stopped.',
    next: `Go on when it may: engage-migrate upgrade ${plan.run}`,
    exit: EXIT.precondition,
  })
}

function assertUnmoved(context: ReadContext, moved: readonly Moved[]): void {
  if (moved.length === 0) return
  throw voided(context, [
    `What the deletion of ${context.plan.schemaId} in ${context.plan.tenant} was approved on has changed since it was signed for:`,
    ...moved.map(({ what, was, is }) => `${what}: was ${was}, is ${is}`),
  ])
}

async function approvalMoved(context: ReadContext): Promise<readonly Moved[]> {
  const on = signedFor(context)?.on
  if (on === undefined)
    return [{ what: 'the signature', was: 'of an earlier version of this program', is: 'on no report' }]
  const now = await approvalNow(context)
  return differing(on, now).map((what) => ({
    ...{ what, was: 'the one that was signed for', is: 'another one, or gone' },
  }))
}

/** Whoever sets the policy sets it for what is deleted now, too. */
function policyMoved({ settings, plan }: ReadContext): readonly Moved[] {
  if (settings.policy === undefined) return []
  const { digest } = readPolicy(settings.policy, plan.tenant)
  if (digest === plan.policy?.digest) return []
  const was = plan.policy === undefined ? 'none' : `SHA-256 ${plan.policy.digest}`
  return [{ what: `the policy ${settings.policy}`, was, is: `SHA-256 ${digest}; it takes a new plan` }]
}

function placesMoved({ journal }: ReadContext, schemas: readonly string[]): readonly Moved[] {
  const basis = basisOf(journal)
  // Once the deletion may have been carried out, the new schema needs the place, whoever is short of it.
  if (basis === undefined || mayHaveDeleted(journal)) return []
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

/** @param back contacts that are there again, without any interaction */
async function coverageMoved(context: ReadContext, back: number): Promise<readonly Moved[]> {
  const basis = basisOf(context.journal)
  // From there on the history is in the snapshot: what the tenant has besides is looked at in another way.
  if (basis === undefined || mayHaveDeleted(context.journal)) return []
  const now: Standing = {
    back,
    joined: await readJoined(context),
    counted: (await countContacts(context.reader)) ?? null,
  }
  const [before, after] = [lackingIn(context, basis), lackingIn(context, now)]
  if (after === null && before === null) return []
  const most = (before ?? 0) + context.settings.driftContacts
  if (after !== null && before !== null && after <= most) return []
  return [
    {
      what: 'contacts that the tenant counts and the snapshot does not know',
      was: before === null ? 'not known' : String(before),
      is: after === null ? 'not known' : String(after),
    },
  ]
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
