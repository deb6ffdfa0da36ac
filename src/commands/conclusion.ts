/**
 * What a command that carries out a plan says at its end, and the exit code that goes with it.
 * Guarantees: what is in the snapshot and not in the tenant, or there otherwise than it was, is never told as done well.
 */
import { join } from 'node:path'
import { EXIT, type ExitCode } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { restoreDryRunLines, restoredLines } from '../report/restore.ts'
import { gateLines, tallyLine } from '../report/terminal.ts'
import type { Evidence } from '../transfer/evidence.ts'
import { approvalOf } from '../upgrade/approval.ts'
import { commandLineOf } from '../upgrade/command-line.ts'
import { type Figures, figuresOf } from '../upgrade/comparison.ts'
import { REPORT } from '../upgrade/deletion-gate.ts'
import { usesHistory } from '../upgrade/history.ts'
import { lossOf, mergeResult } from '../upgrade/imported.ts'
import { historyFiguresOf, historyLines, ONLY_IN_SOURCE } from '../upgrade/ledger.ts'
import { BACK, prefixOf, RESTORE } from '../upgrade/lot.ts'
import { passFolder, passResult } from '../upgrade/pass.ts'
import { isDone, type RunOutcome } from '../upgrade/runner.ts'
import { mayDeleteLate } from '../upgrade/schema-effects.ts'
import { unencryptedFolder } from '../upgrade/selected.ts'
import { DRY_RUN, FAILURE, lastEvent, lotOf, SUCCESS, verificationOf } from '../upgrade/status.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { countOf } from '../words.ts'
import type { Tools } from './command.ts'
import { log } from './holding.ts'
import { reportIn } from './report-file.ts'

/** How a command has ended. */
export interface Ending {
  readonly outcome: RunOutcome
  /** Of a restore: what was found last. */
  readonly figures: Figures | undefined
  /** Whether what a dry run has selected was removed again. */
  readonly dropped: boolean
}

/** Tells how a run came to where it is. @returns the exit code of the command */
export async function conclude(ending: Ending, context: ReadContext, tools: Tools): Promise<ExitCode> {
  const { outcome, figures } = ending
  const { output } = tools
  const { journal, plan } = context
  const verification = verificationOf(journal)
  const history = historyFiguresOf(journal)
  const base = {
    ...{ run: plan.run, verification },
    ...(figures && { restore: figures }),
    ...(history && { history }),
  }
  if (outcome.state === 'waiting') {
    log(context.folder, tools, `waits at the gate ${outcome.gate}`)
    for (const line of gateLines(
      { run: plan.run, command: commandLineOf(plan, journal) },
      outcome.gate,
      outcome.request,
    ))
      output.say(line)
    output.result({ ...base, state: 'waiting', gate: outcome.gate })
    return EXIT.waiting
  }
  if (outcome.state === 'dry-run-ends') {
    journal.events.append('note', DRY_RUN, { before: outcome.before })
    const report = figures === undefined ? await approvalReport(context) : null
    for (const line of dryRunLines(ending, context)) output.say(line)
    if (report !== null) for (const line of reportLines(context, report)) output.say(line)
    output.result({ ...base, state: 'done', gate: null, dryRun: true, ...(report !== null && { report }) })
    return EXIT.done
  }
  // An earlier failure, where nothing was left to do since, is over: `status` goes by the last event.
  if (lastEvent(journal)?.name === FAILURE) journal.events.append('note', SUCCESS)
  for (const line of doneLines(context)) output.say(line)
  output.result({ ...base, state: 'done', gate: null })
  // Refused interactions are in the snapshot and not in the tenant, those of contacts that went before the deletion never
  // came to an import, altered ones are not as they were, and what is there too often by somebody else's doing is left as
  // it is: the exit code says so.
  const { rejected = 0, altered = 0, foreign = 0 } = verification ?? {}
  return rejected + altered + foreign + leftBehind(context) > 0 ? EXIT.differences : EXIT.done
}

/** Once something is put up for approval, that stays as it is. @returns the path of the report for people */
async function approvalReport(context: ReadContext): Promise<string> {
  const { journal, folder, report } = context
  if (approvalOf(journal) === undefined || (await report?.digest()) === undefined) await report?.write()
  return join(folder, REPORT)
}

function reportLines(context: ReadContext, file: string): readonly string[] {
  const verdict = reportIn(context)?.facts.verdict
  return [
    ...(verdict === undefined
      ? []
      : [verdict.sentence, ...verdict.accepts.map((text) => `  Whoever signs accepts: ${text}`)]),
    `Read the report before the day; it is for whoever approves the deletion: ${file}`,
  ]
}

function dryRunLines({ figures, dropped }: Ending, context: ReadContext): readonly string[] {
  const { plan, journal } = context
  if (figures !== undefined) return restoreDryRunLines(plan, figures, dropped)
  const name = isDone(journal, { name: 'final-pass' }) ? 'final-pass' : 'base-pass'
  const pass = passResult(context, name)
  const when = journal.events.latest(name, 'finished')?.at ?? 0
  return [
    'Dry run: nothing was changed in the tenant.',
    `As of the ${name.replace('-', ' ')} of ${new Date(when).toISOString()}, the deletion would take ${countOf(pass.interactions, 'interaction')} of ${countOf(pass.contactsWithHistory, 'contact')}, out of ${countOf(pass.contacts, 'contact')} in the list (${pass.gone} gone). What it would take is in this snapshot, proven byte by byte:`,
    `  ${passFolder(context, name)}`,
    ...pass.coverage.statements,
    ...historyLinesOf(context),
    `What changes in ${plan.schemaId}:`,
    ...plan.changes.map((text) => `  ${text}`),
    `Next: engage-migrate upgrade ${plan.run}`,
  ]
}

function doneLines(context: ReadContext): readonly string[] {
  const { journal } = context
  const tally = verificationOf(journal)
  return [
    ...outcomeLines(context),
    ...(tally === null ? [] : [tallyLine(tally)]),
    ...resumeLines(context),
    `Old and new ids: ${join(context.folder, 'id-map.ndjson')}`,
    ...notBackLines(context),
    ...lateDeletionLines(context),
    ...goneLines(context),
    ...refusedLines(context, tally?.rejected ?? 0),
    ...unencryptedLines(context),
  ]
}

function historyLinesOf({ plan, journal, folder }: ReadContext): readonly string[] {
  const figures = historyFiguresOf(journal)
  if (figures === null || plan.history === undefined) return []
  const only = plan.history.mode === 'only'
  return [
    `Held against the history of the source in ${plan.history.snapshot}, ${only ? 'which is imported instead' : 'which is imported besides'}:`,
    ...historyLines(figures, folder),
    ...(only && figures.onlyInEngage > 0
      ? ['What is only in Engage will not come back: the deletion will need --accept-loss with that number.']
      : []),
  ]
}

/** What was known not to come in, and accepted. */
function notBackLines(context: ReadContext): readonly string[] {
  const { journal, folder } = context
  if (!usesHistory(journal)) return []
  const { gone } = mergeResult(context).figures
  const loss = lossOf(context)
  return [
    ...(loss === 0
      ? []
      : [
          `Not brought back, as was accepted: ${countOf(loss, 'interaction')} that only Engage held. This brings them in:`,
          `  engage-migrate restore ${passFolder(context, 'final-pass')}`,
          `\`snapshots prune\` leaves that snapshot alone as long as the folder of this run is there. Remove the folder once they are restored, or nobody wants them: ${folder}`,
        ]),
    ...(gone === 0
      ? []
      : [
          `Of the history of the source, not imported, since Engage does not know their contacts: ${countOf(gone, 'interaction')}, marked in ${join(folder, ONLY_IN_SOURCE)}`,
        ]),
  ]
}

function outcomeLines(context: ReadContext): readonly string[] {
  const { journal, plan } = context
  const lot = lotOf(journal)
  if (lot === RESTORE) {
    const { posted = 0, mapped = 0 } = evidenceOf(context) ?? {}
    // Where all of it was there, nothing was asked for once more, and so nothing mapped.
    const there = mapped === 0 ? (figuresOf(journal)?.there ?? 0) : mapped - posted
    return restoredLines(plan, { posted, there })
  }
  return [
    lot === BACK
      ? `Done: ${plan.schemaId} in ${plan.tenant} is the old schema again, as it was before, with its history.`
      : `Done: ${plan.schemaId} in ${plan.tenant} is the new schema, with its history.`,
  ]
}

/** A restore stops no producers; automations only where it had something to post. */
function resumeLines({ journal, plan }: ReadContext): readonly string[] {
  const signature = journal.events.latest('automations-paused', 'signed')?.detail as JsonObject | undefined
  const restores = lotOf(journal) === RESTORE
  if (restores && signature === undefined) return []
  const note = typeof signature?.['note'] === 'string' ? signature['note'] : ''
  return [
    `Now ${restores ? '' : 'let the producers start again, and '}resume the automations that were paused` +
      (plan.automations.length === 0 && note === '' ? '; nobody has named them.' : ':'),
    ...plan.automations.map((name) => `  ${name}`),
    ...(note === '' ? [] : [`  as noted: ${note}`]),
  ]
}

function lateDeletionLines({ journal, plan }: ReadContext): readonly string[] {
  if (!mayDeleteLate(journal, plan.schemaId)) return []
  return [
    'Engage did not carry out the first attempt to delete the schema, so that it was sent again. Where the first one arrives late, it takes the new schema with it: look again in an hour, and on another day, and keep the snapshot:',
    `  engage-migrate verify ${plan.run} --live`,
  ]
}

/** @returns how many interactions went with contacts that were gone before the deletion */
function leftBehind(context: ReadContext): number {
  return evidenceOf(context)?.left ?? 0
}

function evidenceOf({ journal }: ReadContext): Evidence | undefined {
  const name = `${prefixOf(lotOf(journal))}evidence`
  return journal.events.latest(name, 'finished')?.detail as unknown as Evidence | undefined
}

function goneLines(context: ReadContext): readonly string[] {
  const left = leftBehind(context)
  if (left === 0) return []
  return [
    `Left behind, since their contacts were deleted before the schema was: ${countOf(left, 'interaction')}, in ${join(context.folder, 'rejected.ndjson')}`,
    'They are as the base pass saw them. Neither --retry-refused nor --contact-map imports them.',
  ]
}

/** Who encrypts his backups wants none of it to lie about. */
function unencryptedLines(context: ReadContext): readonly string[] {
  const folder = unencryptedFolder(context)
  if (folder === undefined) return []
  return [
    'The snapshot is encrypted; what was restored of it is still there unencrypted. `engage-migrate snapshots prune` removes it, as soon as nothing is left to be tried once more:',
    `  ${folder}`,
  ]
}

function refusedLines({ folder, plan }: ReadContext, rejected: number): readonly string[] {
  if (rejected === 0) return []
  return [
    `Refused interactions, each with the reason: ${join(folder, 'rejected.ndjson')}`,
    'Where their contacts are there again, or under other ids, they can be tried once more:',
    `  engage-migrate upgrade ${plan.run} --retry-refused`,
    `  engage-migrate upgrade ${plan.run} --contact-map FILE   (CSV: old contact id, new contact id)`,
    'Automations have to be paused for it once more, and somebody signs for that.',
  ]
}
