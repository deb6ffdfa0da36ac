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
  const { manifest, schema, folder, manifestDigest } = snapshot
  const { tenant, schemaId, pass, startedAt, finishedAt, contacts } = manifest
  const pages = new PageCount()
  const profile = await profileOf(pages.over(snapshot.contacts()), {
    ...{ before: schema, after: after ?? schema, stop },
    asOf: Date.parse(finishedAt),
    onProgress: (done) =>
      progress({ phase: 'report: contacts looked at', done, total: contacts.listed, doneHere: done }),
  })
  const { source, listed, read, empty, gone, failed, counted } = contacts
  const estimate = estimateUpgrade({
    ...{ ratePerSecond, contacts: listed, finalPassContacts: listed, furtherPages: pages.further },
    interactions: profile.interactions,
    contactsWithHistory: profile.contacts.withHistory,
    recordBytes: 0,
  })
  return {
    subject: {
      ...{ tenant, schemaId, pass, startedAt, finishedAt },
      environment: environmentOf(tenant),
      displayName: schema.displayName,
      run: null,
    },
    verdict: {
      may: 'no-plan',
      sentence: `This is what ${tenant} held of ${schemaId} when it was read. No upgrade is planned by it, so there is nothing to approve.`,
      because: [],
      accepts: [],
    },
    deletion: deletionFacts(schema, profile, profile.contacts.withHistory),
    change: after === undefined ? null : changeFacts(schema, after, []),
    notBack: notBack({
      ...{ profile, tally: null, history: null, loss: 0, snapshot: folder, baseSnapshot: null },
    }),
    profile,
    time: timeFacts({ ...{ estimate, schemaId, recent: profile.recent, hot: null, begin: null } }),
    strategies: null,
    hands: [],
    evidence: {
      ...{ snapshot: folder, manifestDigest, provenAt: null, plan: null, preflight: null, policy: [] },
      coverage: {
        ...{ source: basename(source), listed, read, empty, gone, failed, moved: null },
        counted: counted ?? null,
        sure: false,
        statements: [
          counted === undefined
            ? 'The tenant gave no count of its contacts when it was read.'
            : `The tenant counted ${counted} contacts when it was read; the list held ${listed}.`,
        ],
      },
      tool: `${tool.name} ${tool.version}`,
    },
  }
}
