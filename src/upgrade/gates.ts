/**
 * What each gate asks of the person who signs it.
 * Guarantees: what could not be checked is said where the decision is taken, and must be accepted by name.
 */

import { join } from 'node:path'
import type { JsonObject } from '../json.ts'
import { countOf } from '../words.ts'
import { type Approval, approvalOf, basisOf, prepareApproval } from './approval.ts'
import type { Coverage } from './coverage.ts'
import { isRefuted } from './final-pass.ts'
import { mayHaveDeleted, usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf, mergeResult } from './imported.ts'
import { coverageWith } from './joined.ts'
import { historyLines } from './ledger.ts'
import { passFolder, passResult } from './pass.ts'
import { forbidden } from './policy.ts'
import { riskOf } from './risk.ts'
import type { Gate, ReadContext, Requirement } from './strategy.ts'
import { firstLine, firstSignature, signaturesNeeded, TWO_NEEDED, voidedFirst } from './two-people.ts'

/** The report for people, in the run's folder. */
export const REPORT = 'report.html'

export const automationsPaused: Gate = {
  kind: 'gate',
  name: 'automations-paused',
  title: 'all automations that react to interactions are paused',
  request: ({ plan, journal }) => ({
    asks: [
      ...voidLines(journal, 'automations-paused'),
      `Pause every automation triggered by "New interaction" (any schema), and every one triggered by "New specific interaction" on ${plan.schemaId}, in Engage: Manage status > Paused. There is no API for it.`,
      'Otherwise contacts that have been through them will enter them again when history is imported.',
      ...plan.automations.map((name) => `Named in the plan: ${name}`),
      'Name the automations that you paused in --note: the run reminds you of them at the end.',
    ],
    needs: [],
  }),
}

export const producersStopped: Gate = {
  kind: 'gate',
  name: 'producers-stopped',
  title: 'every system that posts interactions of this schema has stopped',
  request: ({ plan, journal }) => ({
    asks: [
      ...voidLines(journal, 'producers-stopped'),
      `Stop (or let queue up) whatever posts interactions of ${plan.schemaId}: integrations, web shop, review provider.`,
      'From here until the schema is recreated, what they post is lost. The final pass that follows reads the contacts again, and the run stops if something still arrives.',
    ],
    needs: [],
  }),
}

/** Why what was signed before has to be signed once more. */
function voidLines({ events }: ReadContext['journal'], gate: string): readonly string[] {
  const of = events.all().filter(({ name }) => name === gate)
  const signed = of.findLastIndex(({ kind }) => kind === 'signed')
  const withdrawn = of.slice(signed + 1).find(({ kind }) => kind === 'withdrawn')?.detail
  if (signed < 0 || withdrawn === undefined) return []
  return [`The last signature is void: ${String((withdrawn as JsonObject)['reason'])}`]
}

export const deletionApproved: Gate = {
  kind: 'gate',
  name: 'delete-schema',
  title: 'the schema and all its interactions may be deleted',
  prepare: prepareApproval,
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
    const { refusable, refusableExample } = importedResult(context).tally
    const on = approvalOf(journal)
    const against = forbiddenFor(context)
    return {
      asks: [
        ...voidLines(journal, 'delete-schema'),
        ...secondLines(context, on),
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
        ...(refusable > 0
          ? [
              `By the new schema's rules Engage will refuse ${refusable} of the interactions: they will not come back.`,
              `For example ${refusableExample}`,
            ]
          : []),
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
          : [`By the policy ${plan.policy?.file} nobody can approve this deletion: ${against.join('; ')}.`]),
      ],
      needs,
      ...(loss > 0 && { loss }),
      ...(on && { on }),
      ...(against.length > 0 && { forbidden: against }),
    }
  },
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

/** @returns whether Engage has accepted the new schema on trial */
export function isProven({ events }: ReadContext['journal']): boolean {
  const preflight = events.latest('preflight', 'finished')?.detail as JsonObject | undefined
  return preflight?.['proven'] === true
}

/** @returns how sure it is that every contact is known: as it was looked at for the approval or, before that, by the final pass */
export function coverageNow(context: Pick<ReadContext, 'journal' | 'plan'>): Coverage {
  const basis = basisOf(context.journal)
  return basis === undefined ? passResult(context, 'final-pass').coverage : coverageWith(context, basis)
}

/** @returns why the organisation's policy lets nobody approve it, in sentences; none where it does, or there is none */
export function forbiddenFor(context: Pick<ReadContext, 'plan' | 'journal'>): readonly string[] {
  const { plan, journal } = context
  if (plan.policy === undefined) return []
  return forbidden(plan.policy, {
    refused: importedResult(context).tally.refusable,
    loss: lossOf(context),
    sure: coverageNow(context).sure,
    proven: isProven(journal),
    fullPass: plan.finalPass.mode === 'full' || isRefuted(context),
  })
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

/** Their loss was accepted at the deletion. */
function lossBackAsks(context: ReadContext, loss: number): readonly string[] {
  return [
    `The ${countOf(loss, 'interaction')} that only Engage held, whose loss was accepted at the deletion, are not among them; this brings them in later:`,
    `engage-migrate restore ${passFolder(context, 'final-pass')}`,
  ]
}

/** The look that only a person can take: that nothing was sent to the contact. */
export const canarySeen: Gate = {
  kind: 'gate',
  name: 'canary-seen',
  title: 'the first imported interaction looks right and triggered nothing',
  request(context) {
    const result = context.journal.events.latest('canary', 'finished')?.detail as JsonObject | undefined
    if (!context.plan.canaryGate || result === undefined || result['contactId'] === undefined)
      return undefined
    return {
      asks: [
        `One interaction was imported: ${String(result['newId'])} of contact ${String(result['contactId'])}.`,
        'Look at this contact in Engage: is the interaction on the contact card as it was, and was nothing sent to the contact (no e-mail, no automation entered)? If an automation ran, pause it before you sign.',
      ],
      needs: [],
    }
  },
}

/** The way back takes a signature like the way forth. */
export const rollBackApproved: Gate = {
  kind: 'gate',
  name: 'roll-back',
  title: 'the old schema is recreated as it was, and its history imported into it',
  request: (context: ReadContext) => {
    const { plan } = context
    const final = importedResult(context)
    const { refusableBack = 0, refusableBackExample } = final.tally
    const loss = lossOf(context)
    return {
      asks: [
        `Schema ${plan.schemaId} will be recreated in ${plan.tenant} as it was before, and ${countOf(final.interactions, 'interaction')} imported into it from`,
        importedFolder(context),
        ...(usesHistory(context.journal)
          ? ['That is merged of what Engage held and of the history of the source, as on the way forth.']
          : []),
        ...(loss === 0 ? [] : lossBackAsks(context, loss)),
        ...(refusableBack === 0
          ? []
          : [
              `By the old schema's rules Engage will refuse ${refusableBack} of them: they stay in that snapshot, and are named in rejected.ndjson.`,
              `For example ${refusableBackExample}`,
            ]),
        'Where the new schema is there already, it is deleted first, with what this run has imported into it. It is not deleted while it holds anything that this run has not imported; contacts outside the list are not looked at.',
        ...final.coverage.statements,
        'Automations stay paused and producers stopped until it is done. Once signed, the run can only go this way; until then it can still go on forwards:',
        `engage-migrate upgrade ${plan.run}`,
      ],
      needs: final.coverage.sure ? ['confirm'] : ['confirm', 'accept-coverage'],
    }
  },
}
