/**
 * The gate of the deletion: what is put before whoever approves it.
 * Guarantees: nothing is asked before the report lies there, and how the tenant stands is known; what could not be checked, and
 * what does not come back, is said where the decision is taken, and must be accepted by name.
 */
import { join } from 'node:path'
import { countOf } from '../words.ts'
import { type Approval, approvalOf, basisOf } from './approval.ts'
import { coverageNow, forbiddenFor, isProven } from './deletion-basis.ts'
import { isRefuted } from './final-pass.ts'
import { voidLines } from './gates.ts'
import { mayHaveDeleted, usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf, mergeResult } from './imported.ts'
import { historyLines } from './ledger.ts'
import { passFolder, passResult } from './pass.ts'
import { whyAnotherPolicy } from './policy-file.ts'
import { putUp } from './putting-up.ts'
import { riskOf } from './risk.ts'
import type { Gate, ReadContext, Requirement } from './strategy.ts'
import { firstLine, firstSignature, signaturesNeeded, TWO_NEEDED, voidedFirst } from './two-people.ts'

/** The report for people, in the run's folder. */
export const REPORT = 'report.html'

export const deletionApproved: Gate = {
  kind: 'gate',
  name: 'delete-schema',
  title: 'the schema and all its interactions may be deleted',
  prepare: putUp,
  request(context) {
    const { plan, journal } = context
    const final = passResult(context, 'final-pass')
    const coverage = coverageNow(context)
    const unproven = !isProven(journal)
    const needs: Requirement[] = ['confirm']
    if (!coverage.sure) needs.push('accept-coverage')
    if (unproven) needs.push('accept-no-preflight')
    const loss = lossOf(context)
    if (loss > 0) needs.push('accept-loss')
    const on = approvalOf(journal)
    const against = isThere(context)
      ? [...forbiddenFor(context), ...whyAnotherPolicy(context.settings.policy, plan)]
      : // Nothing is left to be deleted: it is the recreation that is signed for.
        []
    return {
      asks: [
        ...voidLines(journal, 'delete-schema'),
        ...secondLines(context, on),
        ...goneLines(context),
        `In ${plan.tenant}, schema ${plan.schemaId} will be deleted, and with it all its interactions, for good:`,
        `${countOf(final.interactions, 'interaction')} of ${countOf(final.contactsWithHistory, 'contact')}. All of that is in this snapshot, which was proven byte by byte, and will be again just before the deletion:`,
        passFolder(context, 'final-pass'),
        final.tally.arrived + final.tally.vanished === 0
          ? 'Nothing has arrived or been deleted by others since the base pass.'
          : `Since the base pass, ${final.tally.arrived} have arrived and ${final.tally.vanished} have been deleted by others.`,
        ...(final.tally.goneWithHistory > 0
          ? [
              `Contacts with history that were deleted since the base pass: ${final.tally.goneWithHistory}; their history is only in`,
              passFolder(context, 'base-pass'),
            ]
          : []),
        ...historyAsks(context),
        ...refusedAsks(context),
        ...(mayHaveDeleted(context.journal)
          ? [
              'The schema is there again after a deletion of this run. Every contact is read before it is deleted once more; what is not in the snapshot stops it.',
            ]
          : []),
        ...coverage.statements,
        isRefuted(context)
          ? `Final pass: full, though planned as hot; risk left: ${riskOf('full')}.`
          : `Final pass: ${plan.finalPass.mode}; risk left: ${plan.finalPass.risk}.`,
        unproven
          ? 'No place is free for a trial: whether Engage accepts the new schema is NOT proven.'
          : 'Engage has accepted the new schema under a throwaway id.',
        ...reportLines(context, on),
        ...(against.length === 0
          ? [`When you are sure, sign with ${inWords(needs)}.`]
          : [`By the organisation's policy nobody can approve this deletion: ${against.join('; ')}.`]),
      ],
      needs,
      ...(loss > 0 && { loss }),
      ...(on && { on }),
      ...(against.length > 0 && { forbidden: against }),
    }
  },
}

/** Somebody else was quicker: then it is the recreation that is signed for. */
function goneLines(context: ReadContext): readonly string[] {
  if (isThere(context)) return []
  const { plan } = context
  return [
    `Schema ${plan.schemaId} is not in ${plan.tenant} any more: it was deleted already. What is signed for is that it is recreated, and its history imported.`,
  ]
}

function isThere({ journal, plan }: ReadContext): boolean {
  return basisOf(journal)?.schemas.includes(plan.schemaId) ?? true
}

/** Where there is something to read before one signs. */
function reportLines({ folder }: ReadContext, on: Approval | undefined): readonly string[] {
  if (on?.report == null) return []
  return [
    `Read the report before you sign; it is what is signed for (SHA-256 ${on.report}):`,
    join(folder, REPORT),
  ]
}

/** Who has signed already, where two have to. */
function secondLines({ journal, plan }: ReadContext, on: Approval | undefined): readonly string[] {
  if (signaturesNeeded('delete-schema', plan) === 1) return []
  const voided = voidedFirst(journal, on)
  const first = firstSignature(journal, on)
  return [
    ...(voided === undefined ? [] : [`The signature of ${voided} is void: what it was on has changed.`]),
    first === undefined ? TWO_NEEDED : firstLine(first),
  ]
}

/** What the new schema refuses; what only the source has was never in Engage. */
function refusedAsks(context: ReadContext): readonly string[] {
  const { refusable, refusableExample } = importedResult(context).tally
  const theirs = usesHistory(context.journal) ? (mergeResult(context).refusableOfSource ?? 0) : 0
  const ours = refusable - theirs
  return [
    ...(ours > 0
      ? [`By the new schema's rules Engage will refuse ${ours} of the interactions: they will not come back.`]
      : []),
    ...(theirs > 0
      ? [
          `By the new schema's rules Engage will refuse ${theirs} of the interactions that only the history of the source has.`,
        ]
      : []),
    ...(refusable > 0 ? [`For example ${refusableExample}`] : []),
  ]
}

/** What comes back is not what is deleted: said where that is decided. */
function historyAsks(context: ReadContext): readonly string[] {
  if (!usesHistory(context.journal)) return []
  const { plan, folder } = context
  const { interactions, contactsWithHistory, figures, unfit } = mergeResult(context)
  const loss = lossOf(context)
  return [
    `What is imported afterwards is merged of that and of the history in ${plan.history?.snapshot}: ${countOf(interactions, 'interaction')} of ${countOf(contactsWithHistory, 'contact')}, in this snapshot, which is proven like the other:`,
    importedFolder(context),
    ...historyLines(figures, folder),
    ...(unfit === 0
      ? []
      : [
          `Imported as Engage has them, since what the source knows besides breaks the new schema's rules: ${unfit}`,
        ]),
    ...(loss === 0 ? [] : lossAsks(context, loss)),
  ]
}

function lossAsks(context: ReadContext, loss: number): readonly string[] {
  return [
    `By this plan (--history-only) the ${countOf(loss, 'interaction')} that only Engage holds will NOT come back. Whoever signs accepts that with --accept-loss and their number. They stay in the snapshot of what is deleted, and this brings them in later:`,
    `engage-migrate restore ${passFolder(context, 'final-pass')}`,
  ]
}

const WORDS: Partial<Readonly<Record<Requirement, string>>> = {
  confirm: '--confirm and the id of the schema',
  'accept-loss': '--accept-loss and the number of interactions that do not come back',
}

function inWords(needs: readonly Requirement[]): string {
  const [last, ...others] = needs.map((need) => WORDS[need] ?? `--${need}`).reverse()
  return others.length === 0 ? `${last}` : `${others.reverse().join(', ')} and ${last}`
}
