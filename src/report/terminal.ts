/**
 * Values → lines of text for a terminal.
 * Guarantees: pure; data from the tenant can't steer the terminal: control characters and characters that turn
 * the direction of writing are shown as escapes, never sent.
 */

import type { OperatorError } from '../errors.ts'
import { MAX_SCHEMAS } from '../schema/rules.ts'
import type { Tally } from '../transfer/compare.ts'
import { duration } from '../upgrade/estimate.ts'
import { historyLines } from '../upgrade/ledger.ts'
import type { Plan } from '../upgrade/plan.ts'
import { forbidden, policyLines, whyNotNow } from '../upgrade/policy.ts'
import { flagsOf, NAME_HERE } from '../upgrade/signature.ts'
import { bytesNeeded, bytesToMerge, sizeText } from '../upgrade/space.ts'
import type { RunStatus } from '../upgrade/status.ts'
import type { GateRequest } from '../upgrade/strategy.ts'
import { signaturesNeeded } from '../upgrade/two-people.ts'
import { countOf } from '../words.ts'

const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

/** @returns the text with everything that could steer a terminal written out; line feeds and tabs stay */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** @returns an error as an operator reads it: what happened, what is safe, what to do */
export function errorLines(error: OperatorError): readonly string[] {
  return [
    `Error: ${error.message}`,
    ...(error.safe === undefined ? [] : [`Safe now: ${error.safe}`]),
    ...(error.next === undefined ? [] : [`Next: ${error.next}`]),
  ]
}

export function planLines(plan: Plan): readonly string[] {
  const { contacts, estimate } = plan
  return [
    `Plan: upgrade ${plan.schemaId} in ${plan.tenant} in place (run ${plan.run})`,
    '',
    'What changes in the schema',
    ...plan.changes.map((text) => `  ${text}`),
    ...plan.warnings.map((text) => `  Warning: ${text}`),
    '',
    'Contacts',
    `  ${contacts.listed} in the list; ${contacts.duplicates} named more than once; without a contact id: ${countOf(contacts.unreadable, 'line')}`,
    ...contacts.unreadableExamples.map(({ line, problem }) => `  line ${line}: ${problem}`),
    ...plan.coverage.statements.map((text) => `  ${text}`),
    ...(plan.coverage.sure ? [] : ['  The deletion will need --accept-coverage.']),
    ...sourceLines(plan),
    '',
    `Estimate at ${countOf(estimate.ratePerSecond, 'request')} a second (some ${countOf(estimate.interactions, 'interaction')}, from a sample)`,
    ...estimate.phases.map(
      ({ phase, calls, seconds }) => `  ${phase}: ${countOf(calls, 'call')}, ${duration(seconds)}`,
    ),
    `  in all: ${countOf(estimate.calls, 'call')}, ${duration(estimate.seconds)}`,
    ...spaceLines(plan),
    '',
    `Final pass: ${plan.finalPass.mode}; risk left: ${plan.finalPass.risk}`,
    `Schemas in the tenant: ${plan.schemas.inTenant} of ${MAX_SCHEMAS}`,
    '',
    'Gates that a named person signs',
    ...plan.gates.map(({ name, asks }) => `  ${name}: ${asks}`),
    ...policyPart(plan),
  ]
}

/** What the organisation demands besides, and what nobody could sign for as it is planned. */
function policyPart(plan: Plan): readonly string[] {
  const { policy } = plan
  const two = signaturesNeeded('delete-schema', plan) === 2
  const twoLine = two ? ['', 'The deletion takes the signatures of two different people.'] : []
  if (policy === undefined) return twoLine
  const against = forbidden(policy, {
    ...{ refused: 0, loss: 0, sure: plan.coverage.sure, proven: plan.schemas.free > 0 },
    fullPass: plan.finalPass.mode === 'full',
  })
  // The final pass comes first.
  const [, finalPass] = plan.estimate.phases
  const begin = plan.begin === undefined ? undefined : Date.parse(plan.begin)
  const late = begin === undefined ? undefined : whyNotNow(policy, begin + (finalPass?.seconds ?? 0) * 1_000)
  return [
    ...twoLine,
    '',
    `Policy for deletions: ${policy.file}`,
    ...policyLines(policy).map((text) => `  ${text}`),
    ...(late === undefined ? [] : [`  As it is planned, no deletion could begin then: ${late}.`]),
    ...against.map((text) => `  As it is planned, nobody could approve the deletion: ${text}.`),
  ]
}

/** What comes in from elsewhere, and what does not come back for it. */
function sourceLines({ history }: Plan): readonly string[] {
  if (history === undefined) return []
  const { snapshot, pass, contacts, interactions, unlisted, oldestCreated, newestCreated, mode } = history
  return [
    '',
    `History of the source system, ${mode === 'only' ? 'instead of' : 'besides'} what Engage holds`,
    `  ${snapshot}`,
    ...(pass === 'history'
      ? []
      : [
          `  Warning: it was not made of what a source has kept (snapshots create), but is a snapshot of Engage: ${pass}`,
        ]),
    `  ${countOf(interactions, 'interaction')} of ${countOf(contacts, 'contact')}, created from ${oldestCreated ?? '?'} to ${newestCreated ?? '?'}`,
    `  contacts that are not in the list, and are read as well: ${unlisted}`,
    mode === 'only'
      ? '  What only Engage holds will not come back: the deletion will need --accept-loss with their number.'
      : '  Imported is what Engage holds and what only the source holds, each event as often as the side that has it more often.',
  ]
}

function spaceLines({ contacts, estimate, history }: Plan): readonly string[] {
  const { interactions, recordBytes } = estimate
  if (recordBytes === undefined) return []
  const volume = { contacts: contacts.listed + (history?.unlisted ?? 0), interactions, recordBytes }
  const needed = bytesNeeded(volume, 2) + bytesToMerge(volume, history)
  const snapshots = history === undefined ? 'two snapshots' : 'three snapshots'
  return [`  on disk: some ${sizeText(needed)} for ${snapshots}, the journal and the evidence`]
}

/** @param command goes on with the run @returns what a gate asks, and how to sign it and go on */
export function gateLines(
  { run, command }: Pick<RunStatus, 'run' | 'command'>,
  gate: string,
  request: GateRequest,
): readonly string[] {
  if (request.forbidden !== undefined)
    return [
      `At the gate ${gate}, where nobody can sign as it is:`,
      ...request.asks.map((text) => `  ${text}`),
      `Once that is mended: ${command}   (looks again)`,
    ]
  const words = [
    `engage-migrate sign ${run} ${gate} --by "${NAME_HERE}"`,
    gate === 'automations-paused' ? '--note "WHICH ONES"' : '',
    flagsOf(request.needs),
  ]
  return [
    `Waiting at the gate ${gate}:`,
    ...request.asks.map((text) => `  ${text}`),
    'Sign it with:',
    `  ${words.filter((each) => each !== '').join(' ')}`,
    'Then:',
    `  ${command}`,
  ]
}

const MARKS = { done: '✓', active: '▸', pending: '·' } as const

export function statusLines(status: RunStatus): readonly string[] {
  const { verification, remaining, failure } = status
  return [
    `Run ${status.run}: ${status.state}${status.gate === null ? '' : ` at the gate ${status.gate}`}${status.direction === 'roll-back' ? ' (on the way back to the old schema)' : ''}`,
    ...status.steps.map(
      ({ name, title, state, detail }) =>
        `  ${MARKS[state]} ${name}: ${title}${detail === null ? '' : `\n      ${detail}`}`,
    ),
    ...(failure === null ? [] : [`The last command failed: ${failure.what}`]),
    // The gate of the deletion asks with them.
    ...(status.history === null || status.gate === 'delete-schema' ? [] : historyLines(status.history)),
    ...(verification === null ? [] : [tallyLine(verification)]),
    ...(remaining.calls === 0
      ? []
      : [
          `Still to do: some ${countOf(remaining.calls, 'request')}, ${duration(remaining.seconds)} at the plan's rate, waits for people not counted`,
        ]),
    ...nextLines(status),
  ]
}

export function tallyLine(tally: Tally): string {
  return (
    `Verification: expected ${tally.expected}, found ${tally.found}, missing ${tally.missing}, extra ${tally.extra}, ` +
    `${tally.foreign === 0 ? '' : `doubled by others ${tally.foreign}, `}refused ${tally.rejected}, kept with another content ${tally.altered}; arrived live since: ${tally.live}`
  )
}

function nextLines(status: RunStatus): readonly string[] {
  const { command, state, gate, request, failure } = status
  if (state === 'done' || state === 'running') return []
  if (failure?.next != null) return [`Next: ${failure.next}`]
  return gate === null || request === null ? [`Next: ${command}`] : gateLines(status, gate, request)
}
