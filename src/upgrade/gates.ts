/**
 * What each gate asks of the person who signs it.
 * Guarantees: what could not be checked is said where the decision is taken, and must be accepted by name.
 */
import type { JsonObject } from '../json.ts'
import { countOf } from '../words.ts'
import { usesHistory } from './history.ts'
import { importedFolder, importedResult, lossOf } from './imported.ts'
import { passFolder } from './pass.ts'
import { policyTimes, whyNotNow } from './policy.ts'
import type { Gate, ReadContext } from './strategy.ts'

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
  request: ({ plan, journal, clock }) => ({
    asks: [
      ...voidLines(journal, 'producers-stopped'),
      ...timeLines(plan, clock.now()),
      `Stop (or let queue up) whatever posts interactions of ${plan.schemaId}: integrations, web shop, review provider.`,
      ...(plan.producers ?? []).map((name) => `Named in the plan: ${name}`),
      'From here until the schema is recreated, what they post is lost. The final pass that follows reads the contacts again, and the run stops if something still arrives.',
    ],
    needs: [],
  }),
}

/** Producers that stand still while no deletion may begin stand still for nothing. */
function timeLines({ policy }: ReadContext['plan'], now: number): readonly string[] {
  if (policy === undefined) return []
  const why = whyNotNow(policy, now)
  return [
    ...policyTimes(policy),
    ...(why === undefined ? [] : [`Do not stop them yet: by the policy no deletion may begin now; ${why}.`]),
  ]
}

/** Why what was signed before has to be signed once more. */
export function voidLines({ events }: ReadContext['journal'], gate: string): readonly string[] {
  const of = events.all().filter(({ name }) => name === gate)
  const signed = of.findLastIndex(({ kind }) => kind === 'signed')
  const withdrawn = of.slice(signed + 1).find(({ kind }) => kind === 'withdrawn')?.detail
  if (signed < 0 || withdrawn === undefined) return []
  return [`The last signature is void: ${String((withdrawn as JsonObject)['reason'])}`]
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
