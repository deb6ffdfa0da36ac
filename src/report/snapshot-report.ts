/**
 * The facts of a snapshot by itself: there is no plan, and so nothing to approve.
 * Guarantees: GETs nothing; flat memory; what only a plan or a run would know is left out, and the verdict says that there is
 * none.
 */
import { basename } from 'node:path'
import type { InteractionSchema } from '../model.ts'
import { environmentOf } from '../names.ts'
import { profileOf } from '../profile/profile-of.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { estimateUpgrade } from '../upgrade/estimate.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { changeFacts } from './change-facts.ts'
import { deletionFacts } from './deletion-facts.ts'
import { notBack } from './not-back.ts'
import { PageCount } from './pages.ts'
import type { Facts } from './report.ts'
import { kindOf } from './snapshot-kinds.ts'
import { snapshotName } from './snapshot-name.ts'
import { timeFacts } from './windows.ts'

export interface SnapshotReportTools extends Pick<ReadContext, 'tool' | 'stop' | 'progress'> {
  readonly ratePerSecond: number
}

/**
 * @param after the schema that it is held against; undefined where none is meant but its own
 * @throws OperatorError where a part of the snapshot is damaged
 */
export async function snapshotReportFacts(
  snapshot: Snapshot,
  after: InteractionSchema | undefined,
  { tool, stop, progress, ratePerSecond }: SnapshotReportTools,
): Promise<Facts> {
  const { manifest, schema, folder, manifestDigest, links } = snapshot
  const { tenant, schemaId, startedAt, finishedAt, contacts } = manifest
  const kind = kindOf(manifest, links.length)
  const pages = new PageCount()
  const profile = await profileOf(pages.over(snapshot.contacts()), {
    ...{ before: schema, after: after ?? schema, stop },
    asOf: Date.parse(finishedAt),
    onProgress: (done) =>
      progress({ phase: 'report: contacts looked at', done, total: contacts.listed, doneHere: done }),
  })
  const { source, listed, read, empty, gone, failed, counted, carried = 0 } = contacts
  const estimate = estimateUpgrade({
    ...{ ratePerSecond, contacts: listed, finalPassContacts: listed, furtherPages: pages.further },
    interactions: profile.interactions,
    contactsWithHistory: profile.contacts.withHistory,
    recordBytes: 0,
  })
  const time = timeFacts({
    ...{ estimate, schemaId, recent: profile.recent, hot: null, begin: null, canaryGate: false },
    readAgain: profile.interactions,
  })
  const name = snapshotName(manifest, folder)
  return {
    subject: {
      ...{ tenant, schemaId, pass: kind.pass, startedAt, finishedAt },
      environment: environmentOf(tenant),
      displayName: schema.displayName,
      run: null,
    },
    verdict: { may: 'no-plan', sentence: kind.sentence, because: kind.because, accepts: [] },
    deletion: {
      ...deletionFacts(schema, profile, profile.contacts.withHistory),
      // Nothing is deleted.
      ...{ meanwhile: [], templateNames: [] },
    },
    history: null,
    change: after === undefined ? null : changeFacts(schema, after, []),
    notBack: notBack({
      ...{ profile, history: null, gone: 0, engageExamples: [], provisional: true },
      ...{ snapshot: name, baseSnapshot: null },
    }),
    profile,
    // What an upgrade would take is told of what one would begin with.
    time: kind.asked ? time : { ...time, phases: [], windows: [], calls: 0, seconds: 0 },
    strategies: null,
    hands: [],
    evidence: {
      ...{ snapshot: name, manifestDigest, provenAt: null, plan: null, preflight: null, policy: [] },
      finalPass: null,
      coverage: {
        ...{ asked: kind.asked, source: basename(source), listed, read, empty, gone, failed, carried },
        ...{ moved: null, counted: counted ?? null, sure: false, statements: kind.coverage },
      },
      tool: `${tool.name} ${tool.version}`,
    },
  }
}
