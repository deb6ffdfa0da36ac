/**
 * The facts of a run's report: what its plan, its journal and its snapshot say, put together.
 * Guarantees: GETs nothing; the same run gives the same facts until something is done again, so that a digest of them can be
 * signed for; what is read of the snapshot is held against its own digests on the way, and memory does not grow with it.
 */
import { basename } from 'node:path'
import { environmentOf } from '../names.ts'
import type { Profile } from '../profile/profile.ts'
import { profileOf } from '../profile/profile-of.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { freePlaces } from '../schema/rules.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { amendmentOf } from '../upgrade/amendment.ts'
import { basisOf } from '../upgrade/approval.ts'
import { coverageNow, forbiddenFor, isProven } from '../upgrade/deletion-basis.ts'
import { estimateUpgrade } from '../upgrade/estimate.ts'
import { isRefuted } from '../upgrade/final-pass.ts'
import { importedResult, isImportMade, lossOf } from '../upgrade/imported.ts'
import { historyFiguresOf } from '../upgrade/ledger.ts'
import { type PassName, passFolder, passResult, passSnapshot } from '../upgrade/pass.ts'
import { policyLines } from '../upgrade/policy.ts'
import { isDone } from '../upgrade/runner.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { adviseStrategy } from './advice.ts'
import { changeFacts } from './change-facts.ts'
import { deletionFacts } from './deletion-facts.ts'
import { handWork } from './hands.ts'
import { countNotBack, notBack } from './not-back.ts'
import { PageCount } from './pages.ts'
import type { EvidenceFacts, Facts } from './report.ts'
import { verdictOf } from './verdict.ts'
import { timeFacts } from './windows.ts'

/** What of a run its report is made of: nothing that leads to the tenant. */
export type Reported = Pick<
  ReadContext,
  'plan' | 'planDigest' | 'journal' | 'snapshots' | 'tool' | 'stop' | 'progress'
>

/** @returns the facts, of the final pass or, before that, of the base pass @throws Error before that one is done */
export async function runFacts(context: Reported): Promise<Facts> {
  const { plan, journal } = context
  const pass: PassName = isDone(journal, { name: 'final-pass' }) ? 'final-pass' : 'base-pass'
  const snapshot = await passSnapshot(context, pass)
  const pages = new PageCount()
  const profile = await profileOf(pages.over(snapshot.contacts()), {
    before: plan.before,
    after: plan.after,
    asOf: Date.parse(snapshot.manifest.finishedAt),
    stop: context.stop,
    onProgress: (done) =>
      context.progress({
        ...{ phase: 'report: contacts looked at', done, doneHere: done },
        total: snapshot.manifest.contacts.listed,
      }),
  })
  return factsOf(context, { pass, snapshot, profile, furtherPages: pages.further })
}

interface Read {
  readonly pass: PassName
  readonly snapshot: Snapshot
  readonly profile: Profile
  readonly furtherPages: number
}

function factsOf(context: Reported, { pass, snapshot, profile, furtherPages }: Read): Facts {
  const { plan, journal } = context
  const { schemaId, tenant } = plan
  const { manifest } = snapshot
  const { interactions, contactsWithHistory, contacts } = passResult(context, pass)
  const final = pass === 'final-pass'
  const loss = isImportMade(journal) ? lossOf(context) : 0
  const lacking = {
    ...{ profile, loss, history: historyFiguresOf(journal), snapshot: snapshot.folder },
    tally: isImportMade(journal) ? importedResult(context).tally : null,
    baseSnapshot: final ? passFolder(context, 'base-pass') : null,
  }
  const coverage = final ? coverageNow(context) : passResult(context, pass).coverage
  const hot = plan.finalPass.mode === 'hot' && !isRefuted(context)
  const left = contactsWithHistory + Math.min(plan.finalPass.sample, contacts - contactsWithHistory)
  const estimate = estimateUpgrade({
    ...{ contacts, interactions, furtherPages, contactsWithHistory },
    ratePerSecond: plan.estimate.ratePerSecond,
    finalPassContacts: hot ? left : contacts,
    recordBytes: plan.estimate.recordBytes ?? 0,
    ...(plan.history && { history: plan.history }),
  })
  const time = timeFacts({
    ...{ estimate, schemaId, recent: profile.recent },
    hot: hot ? null : Math.ceil((left + furtherPages) / plan.estimate.ratePerSecond),
    begin: plan.begin === undefined ? null : Date.parse(plan.begin),
  })
  const schemas = basisOf(journal)?.schemas
  const preflight = isDone(journal, { name: 'preflight' }) ? isProven(journal) : null
  const lost = notBack(lacking)
  return {
    subject: {
      ...{ tenant, schemaId, run: plan.run, pass: pass.replace('-', ' ') },
      environment: environmentOf(tenant),
      displayName: plan.before.displayName,
      startedAt: manifest.startedAt,
      finishedAt: manifest.finishedAt,
    },
    verdict: verdictOf({
      ...{ schemaId, tenant, interactions, preflight, notBack: lost },
      finalPassDone: final,
      coverageSure: coverage.sure,
      forbidden: final && isImportMade(journal) ? forbiddenFor(context) : [],
      risk: hot ? plan.finalPass.risk : null,
      personal: profile.properties
        .filter(({ name, personal }) => personal.length > 0 && isNewlySegmentable(context, name))
        .map(({ name }) => name),
    }),
    deletion: deletionFacts(plan.before, profile, contactsWithHistory),
    change: changeFacts(
      plan.before,
      plan.after,
      (schemas ?? []).filter((id) => id !== schemaId),
    ),
    notBack: lost,
    profile,
    time,
    strategies: adviseStrategy({
      ...{ schemaId, interactions, time },
      freePlaces: schemas === undefined ? plan.schemas.free : freePlaces(schemas.length),
      automations: plan.automations,
      templates: plan.templates ?? [],
      audiences: plan.audiences ?? [],
      sure: coverage.sure,
      notBack: countNotBack(lacking),
    }),
    hands: handWork(plan),
    evidence: evidenceOf(context, snapshot, pass, { coverage, preflight }),
  }
}

function isNewlySegmentable({ plan }: Reported, name: string): boolean {
  const { before, after } = plan
  return (
    isSegmentable(after.jsonSchema.properties[name]) && !isSegmentable(before.jsonSchema.properties[name])
  )
}

function evidenceOf(
  context: Reported,
  { folder, manifest, manifestDigest }: Snapshot,
  pass: PassName,
  known: {
    readonly coverage: { readonly sure: boolean; readonly statements: readonly string[] }
    readonly preflight: boolean | null
  },
): EvidenceFacts {
  const { plan, planDigest, journal, tool } = context
  const { source, listed, read, empty, gone, failed, counted: count } = manifest.contacts
  const done = journal.events.latest(pass, 'finished')
  return {
    ...{ snapshot: folder, manifestDigest, preflight: known.preflight },
    provenAt: done === undefined ? null : new Date(done.at).toISOString(),
    coverage: {
      ...{
        source: basename(source),
        listed,
        read,
        empty,
        gone,
        failed,
        moved: amendmentOf(journal)?.contacts.length ?? 0,
      },
      counted: basisOf(journal)?.counted ?? count ?? null,
      sure: known.coverage.sure,
      statements: known.coverage.statements,
    },
    tool: `${tool.name} ${tool.version}`,
    plan: { file: `runs/${plan.run}/plan.json`, digest: planDigest, madeAt: plan.createdAt },
    policy: plan.policy === undefined ? [] : policyLines(plan.policy),
  }
}
