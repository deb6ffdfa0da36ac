/**
 * The report that a deletion is approved on, as a value: what is written as HTML, as Markdown and as JSON is made of this one.
 * Guarantees: every type here is a plain JSON value. `digest` is of `facts` alone, so that the signatures, which come later, do
 * not change what was signed.
 */
import type { JsonObject } from '../json.ts'
import type { Environment } from '../names.ts'
import type { MonthCount, Profile } from '../profile/profile.ts'

export const REPORT_FORMAT = 'engage-migrate report'
export const REPORT_VERSION = 1

export interface Report extends JsonObject {
  readonly format: typeof REPORT_FORMAT
  readonly formatVersion: typeof REPORT_VERSION
  /** SHA-256 (hex) of the canonical JSON of `facts`: what a signature is on. */
  readonly digest: string
  readonly facts: Facts
  /** In the order of the upgrade, with the signatures that have come so far. Not under the digest. */
  readonly gates: readonly GateState[]
  /** What became of it since, in sentences. Not under the digest. */
  readonly outcome: readonly string[]
  /** When this form of it was written, ISO 8601. Not under the digest. */
  readonly writtenAt: string
}

/** All that the decision rests on. Dates are ISO 8601 in UTC; counts are of whole things. */
export interface Facts extends JsonObject {
  readonly subject: Subject
  readonly verdict: Verdict
  readonly deletion: DeletionFacts
  /** What comes in from the source system; null where the plan names no history. */
  readonly history: HistoryFacts | null
  /** Null where there is no plan: a snapshot by itself. */
  readonly change: ChangeFacts | null
  readonly notBack: readonly NotBack[]
  readonly profile: Profile
  readonly time: TimeFacts
  /** Null where there is no plan. */
  readonly strategies: StrategyFacts | null
  readonly hands: readonly HandWork[]
  readonly evidence: EvidenceFacts
}

export interface Subject extends JsonObject {
  readonly tenant: string
  readonly environment: Environment
  readonly schemaId: string
  readonly displayName: string
  /** Null where it is of a snapshot by itself. */
  readonly run: string | null
  /** What the figures are of, in words: `base pass`, `final pass`, `a backup`, … */
  readonly pass: string
  /** When that was read: its first and last request. */
  readonly startedAt: string
  readonly finishedAt: string
}

/** `may`: nothing stands against it but signatures. `not-yet`: something is still to be done. `must-not`: something is wrong. */
export interface Verdict extends JsonObject {
  readonly may: 'may' | 'not-yet' | 'must-not' | 'no-plan'
  /** One sentence, for whoever reads nothing else. */
  readonly sentence: string
  /** What is wrong, or still to be done. */
  readonly because: readonly string[]
  /** What whoever signs accepts with it. */
  readonly accepts: readonly string[]
}

export interface DeletionFacts extends JsonObject {
  readonly interactions: number
  readonly contacts: number
  readonly oldestCreated: string | null
  readonly newestCreated: string | null
  readonly months: readonly MonthCount[]
  /** What loses its data meanwhile, in sentences: contact card, segments, e-mails, automations. */
  readonly meanwhile: readonly string[]
  /** How e-mail templates write the schema's properties: `completedproductrating.rating`. */
  readonly templateNames: readonly string[]
}

/** What the source system has kept, and what becomes of it. */
export interface HistoryFacts extends JsonObject {
  /** `besides`: it is imported besides what Engage holds; `only`: instead of it. */
  readonly mode: 'besides' | 'only'
  /** The source's snapshot: `<tenant>/<schema>/<name>`. */
  readonly source: string
  readonly manifestDigest: string
  readonly interactions: number
  readonly contacts: number
  /** Both sides held against each other, in interactions; null where that was not done yet. */
  readonly compared: {
    readonly both: number
    readonly onlyInEngage: number
    readonly onlyInSource: number
    /** Of those only in the source: of contacts that Engage does not know. */
    readonly unknown: number
  } | null
  /** What is imported; null before the merge, when the comparison is of the base pass, and provisional. */
  readonly merged: {
    readonly snapshot: string
    readonly manifestDigest: string
    readonly interactions: number
    readonly contacts: number
    /** Imported as Engage has them, since what the source knows besides breaks the new schema's rules. */
    readonly unfit: number
    /** What the new schema refuses of it, by the side that it comes from; what both have is Engage's. */
    readonly refused: { readonly engage: number; readonly source: number }
  } | null
}

export interface ChangeFacts extends JsonObject {
  readonly properties: readonly PropertyChange[]
  /** Changes of the schema as a whole, in sentences. */
  readonly others: readonly string[]
  /** Findings of the rules on the new schema, with where the documentation says so. */
  readonly findings: ReadonlyArray<{
    readonly severity: 'error' | 'warning'
    readonly text: string
    readonly source: string
  }>
  readonly segmentable: { readonly count: number; readonly most: number }
}

/** A property of the new schema, or one that only the old one has. */
export interface PropertyChange extends JsonObject {
  readonly name: string
  readonly displayName: string
  readonly type: string
  readonly segmentable: boolean
  readonly required: boolean
  /** In sentences; empty where nothing changes. */
  readonly changes: readonly string[]
}

/** Interactions, or parts of them, that will not be in Engage afterwards. */
export interface NotBack extends JsonObject {
  /** `Interactions that the new schema refuses` */
  readonly title: string
  readonly count: number
  readonly why: string
  /** Whether Engage holds them today: only then is it this upgrade that takes them away. */
  readonly today: boolean
  /** Whether the count is of what is known so far: it is counted anew before anybody signs. */
  readonly provisional: boolean
  readonly examples: readonly string[]
  /** The snapshot that each of them is in, or stays in: `<tenant>/<schema>/<name>`; null where nowhere. */
  readonly where: string | null
}

export interface TimeFacts extends JsonObject {
  readonly ratePerSecond: number
  /** When it is planned to begin; null where that is not planned: then no phase and no window has a start. */
  readonly begin: string | null
  readonly phases: readonly Phase[]
  readonly calls: number
  readonly seconds: number
  readonly windows: readonly Window[]
  /** What arrives a day, on average and at most, of late; null where that is not known. */
  readonly perDay: { readonly mean: number; readonly most: number } | null
}

export interface Phase extends JsonObject {
  readonly name: string
  readonly calls: number
  readonly seconds: number
  readonly start: string | null
  readonly end: string | null
}

/** A time in which something does not work. */
export interface Window extends JsonObject {
  readonly name: string
  /** What that means to people. */
  readonly means: string
  readonly seconds: number
  readonly start: string | null
  readonly end: string | null
  /** Whether people have to read and sign within it: that comes on top, and nobody knows when it ends. */
  readonly waits: boolean
  /** Interactions that arrive in that time and stand at the producers; null where that is not known, or is no matter. */
  readonly arriving: number | null
}

export interface StrategyFacts extends JsonObject {
  readonly inPlace: StrategyColumn
  readonly parallel: StrategyColumn
  readonly advised: 'in-place' | 'parallel'
  readonly why: readonly string[]
  /** Of the 15 places of the environment. */
  readonly freePlaces: number
}

/** One side of the comparison; both have the same lines, in the same order. */
export interface StrategyColumn extends JsonObject {
  readonly name: string
  readonly lines: ReadonlyArray<{ readonly what: string; readonly how: string }>
}

export interface HandWork extends JsonObject {
  /** `Before anything is deleted` */
  readonly when: string
  readonly what: string
  /** A role, or a name where the plan gives one. */
  readonly who: string
  /** What it is about, as the plan names it: automations, producers, templates, segments. */
  readonly names: readonly string[]
  /** The gate that is signed when it is done; null where none is. */
  readonly gate: string | null
}

export interface EvidenceFacts extends JsonObject {
  /** `<tenant>/<schema>/<name>`, wherever the data folder is: that may be moved. */
  readonly snapshot: string
  readonly manifestDigest: string
  readonly provenAt: string | null
  readonly coverage: CoverageFacts
  readonly tool: string
  /** Whether the final pass reads every contact, or leaves some out (`hot`); null where there is no plan. */
  readonly finalPass: 'full' | 'hot' | null
  readonly plan: { readonly file: string; readonly digest: string; readonly madeAt: string } | null
  /** Whether Engage has accepted the new schema under a throwaway id; null where that was not tried yet. */
  readonly preflight: boolean | null
  /** The organisation's own bounds, in sentences; empty where it has set none. */
  readonly policy: readonly string[]
}

export interface CoverageFacts extends JsonObject {
  /** Whether a tenant was asked: not where a snapshot was made of a file, or of other snapshots. */
  readonly asked: boolean
  readonly source: string
  readonly listed: number
  readonly read: number
  readonly empty: number
  readonly gone: number
  readonly failed: number
  /** Merged, restored or shifted between pages while they were read, and read again for it; null where that is not known. */
  readonly moved: number | null
  /** Not asked by this pass, and taken over as an earlier one had read them; null where that is not known. */
  readonly carried: number | null
  /** The tenant's own count; null where it gave none. */
  readonly counted: number | null
  readonly sure: boolean
  readonly statements: readonly string[]
}

export interface GateState extends JsonObject {
  readonly name: string
  readonly asks: string
  /** `open`: it waits for a signature. */
  readonly state: 'pending' | 'open' | 'signed' | 'not-needed'
  /** How many different people must sign. */
  readonly people: number
  readonly signatures: readonly GateSignature[]
}

export interface GateSignature extends JsonObject {
  readonly by: string
  readonly at: string
  readonly note: string
  /** Why it counts no more; null where it counts. */
  readonly void: string | null
  /** What it was on: of the deletion only. */
  readonly on: {
    readonly plan: string
    readonly snapshot: string | null
    /** What is imported, where that was merged of two. */
    readonly imported: string | null
    readonly report: string | null
  }
}
