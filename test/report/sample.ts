/** A report as a customer would get it: production, an awkward schema, a coverage that is not sure, signatures of which one is void. */
import { createHash } from 'node:crypto'
import type { Facts, GateState, HistoryFacts, PropertyChange, Report } from '../../src/report/report.ts'
import { canonicalText } from '../../src/schema/json-value.ts'
import { INTERACTIONS, MONTHS, PROFILE, PROPERTIES } from './sample-profile.ts'

const PLAN_DIGEST = '5f2c9d0e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d'
const SNAPSHOT_DIGEST = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9'
const SNAPSHOT = 'acme.voyado.com/completedProductRating/20260314T220412337Z'

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  rating: ['Becomes segmentable.'],
  productSku: ['Becomes segmentable.', 'Its display name changes from "Article" to "SKU".'],
  productCategory: ['Becomes segmentable.'],
  channel: ['Becomes segmentable.'],
  verifiedPurchase: ['Becomes segmentable.'],
  reviewedAt: ['Becomes segmentable.', 'Its format becomes "date-time": other values are refused.'],
  reviewerEmail: ['Is no longer shown on the contact card.'],
}

const PROPERTY_CHANGES: readonly PropertyChange[] = PROPERTIES.map(
  ({ name, displayName, type, segmentable }) => ({
    ...{ name, displayName, type, segmentable: segmentable.after, required: name === 'rating' },
    changes: CHANGES[name] ?? [],
  }),
)

export const FACTS: Facts = {
  subject: {
    tenant: 'acme.voyado.com',
    environment: 'production',
    schemaId: 'completedProductRating',
    displayName: 'Product rating',
    run: 'completedProductRating-20260314T201500000Z',
    pass: 'final pass',
    startedAt: '2026-03-14T22:04:12Z',
    finishedAt: '2026-03-14T22:51:03Z',
  },
  verdict: {
    may: 'not-yet',
    sentence:
      'The schema completedProductRating may not be deleted yet: two people have to approve it, and one has signed.',
    because: [
      'The deletion needs the signatures of 2 different people; 1 counts.',
      'The tenant counts 38 contacts more than the list holds.',
    ],
    accepts: [
      'Interactions of the 38 contacts that are not in the list are lost for good with the deletion.',
      '26 interactions that the new schema refuses do not come back.',
    ],
  },
  deletion: {
    interactions: INTERACTIONS,
    contacts: 98_204,
    oldestCreated: PROFILE.oldestCreated,
    newestCreated: PROFILE.newestCreated,
    months: MONTHS,
    meanwhile: [
      'Contact card: the tab "Interactions" shows no product rating until the import has reached the contact.',
      'Segments that count product ratings, or ask when one was received, find fewer contacts until the import is done.',
      'E-mails that name a property of the schema show nothing in its place.',
      'Automations with the trigger "New specific interaction" on this schema end in errors while it is missing.',
    ],
    templateNames: [
      'completedproductrating.rating',
      'completedproductrating.productSku',
      'completedproductrating.productCategory',
      'completedproductrating.reviewTitle',
    ],
  },
  history: null,
  change: {
    properties: PROPERTY_CHANGES,
    others: ['The display name of the schema changes from "Rating" to "Product rating".'],
    findings: [
      {
        severity: 'warning',
        text: 'jsonSchema.properties["campaign-code_2019"].sortOrder: is missing; Engage orders the columns of the contact card by it',
        source: 'Creating a schema',
      },
      {
        severity: 'warning',
        text: 'id: differs from the schema "completedproductrating" in case only; e-mail templates write the id in lower case, where the two would be one',
        source: 'Personalizing messages',
      },
    ],
    segmentable: { count: 6, most: 6 },
  },
  notBack: [
    {
      title: 'Interactions that the new schema refuses',
      count: 26,
      today: true,
      provisional: false,
      why: 'Their values break its rules: a rating that is not a whole number, or a date in another form. Engage ignores them.',
      examples: [
        'Interaction 2d4c6f80-1a3b-4c5d-9e7f-8091a2b3c4d5 of 24 November 2017: rating 4.5',
        'Interaction 3e5d7091-2b4c-4d6e-8f80-91a2b3c4d5e6 of 3 July 2016: reviewedAt "3/7/2016"',
      ],
      where: SNAPSHOT,
    },
    {
      title: 'Contacts that were deleted while this was prepared, with all that they had',
      count: 14,
      today: false,
      provisional: false,
      why: 'Engage takes no interaction for a contact that it does not know.',
      examples: ['Contact b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4, with 9 interactions'],
      where: 'acme.voyado.com/completedProductRating/20260314T201633001Z',
    },
  ],
  profile: PROFILE,
  time: {
    ratePerSecond: 50,
    begin: '2026-03-17T20:00:00Z',
    phases: [
      {
        ...{ name: 'Reading every contact again (final pass)', calls: 133_107, seconds: 2_663 },
        ...{ start: '2026-03-17T20:00:00Z', end: '2026-03-17T20:44:23Z' },
      },
      {
        ...{ name: 'Deleting the schema and creating it anew', calls: 40, seconds: 240 },
        ...{ start: '2026-03-17T20:44:23Z', end: '2026-03-17T20:48:23Z' },
      },
      {
        ...{ name: 'Importing the interactions', calls: INTERACTIONS, seconds: 7_204 },
        ...{ start: '2026-03-17T20:48:23Z', end: '2026-03-17T22:48:27Z' },
      },
      {
        ...{ name: 'Reading all back and comparing', calls: 101_730, seconds: 2_035 },
        ...{ start: '2026-03-17T22:48:27Z', end: '2026-03-17T23:22:22Z' },
      },
    ],
    calls: 133_107 + 40 + INTERACTIONS + 101_730,
    seconds: 12_142,
    windows: [
      {
        ...{ name: 'The schema is missing', seconds: 240, waits: false, arriving: 1 },
        means:
          'Whatever is sent is refused; automations on it end in errors. This is when producers must not send.',
        ...{ start: '2026-03-17T20:44:23Z', end: '2026-03-17T20:48:23Z' },
      },
      {
        ...{ name: 'History is incomplete', seconds: 9_479, waits: false, arriving: 20 },
        means:
          'Contact cards and segments show only what has been imported so far. No campaign should go out on them.',
        ...{ start: '2026-03-17T20:44:23Z', end: '2026-03-17T23:22:22Z' },
      },
      {
        ...{ name: 'Producers stand still', seconds: 2_903, waits: true, arriving: 6 },
        means: 'The web shop and the review provider hold back, or queue up, what they would send.',
        ...{ start: '2026-03-17T20:00:00Z', end: null },
      },
    ],
    perDay: { mean: 178.8, most: 388 },
  },
  strategies: {
    inPlace: {
      name: 'In place',
      lines: [
        { what: 'What happens', how: 'The schema is deleted and created anew under the same name.' },
        { what: 'The schema is missing', how: '4 minutes' },
        { what: 'History is incomplete', how: '2 h 38 min' },
        { what: 'Places needed', how: 'None beyond its own; one for the trial.' },
        { what: 'E-mail templates and automations', how: 'Go on as they are: the name stays.' },
        {
          what: 'The way back',
          how: 'The old schema is created again and the same history imported into it.',
        },
      ],
    },
    parallel: {
      name: 'In parallel',
      lines: [
        { what: 'What happens', how: 'A second schema is created beside the first and filled with a copy.' },
        { what: 'The schema is missing', how: 'Never' },
        { what: 'History is incomplete', how: 'Never' },
        { what: 'Places needed', how: 'One, for good: 15 of 15 would be taken.' },
        {
          what: 'E-mail templates and automations',
          how: '7 automations and all templates must be changed to the new name by hand.',
        },
        { what: 'The way back', how: 'The copy is deleted.' },
      ],
    },
    advised: 'in-place',
    why: [
      'Only 1 of the 15 places is free: in parallel it would be taken for good.',
      '7 automations and 4 template names keep working, since the name of the schema stays.',
      'The schema is missing for minutes, at a time of day at which hardly anything arrives.',
    ],
    freePlaces: 1,
  },
  hands: [
    {
      when: 'Before anything is deleted',
      what: 'Pause every automation that reacts to interactions of this schema, or to any new interaction.',
      who: 'Marketing automation',
      names: ['Thank-you e-mail', 'Low rating → customer service', 'Any interaction follow-up'],
      gate: 'automations-paused',
    },
    {
      when: 'Before anything is deleted',
      what: 'Stop whatever sends interactions of this schema, or let it queue up.',
      who: 'Erik Lindqvist, integrations',
      names: ['Web shop', 'Review provider'],
      gate: 'producers-stopped',
    },
    {
      when: 'Before anything is deleted',
      what: 'Hold campaigns whose segments ask for product ratings.',
      who: 'CRM',
      names: ['Reviewers, last 90 days', 'Detractors'],
      gate: null,
    },
    {
      when: 'When the schema is there again',
      what: 'Let producers send again.',
      who: 'Erik Lindqvist, integrations',
      names: ['Web shop', 'Review provider'],
      gate: null,
    },
    {
      when: 'When the import is verified',
      what: 'Resume the automations that were paused, and look at the segments.',
      who: 'Marketing automation',
      names: [],
      gate: null,
    },
  ],
  evidence: {
    snapshot: SNAPSHOT,
    manifestDigest: SNAPSHOT_DIGEST,
    provenAt: '2026-03-14T22:52:40Z',
    coverage: {
      source: 'contacts-20260314.csv (column "contactId"), and what "changes" has named since',
      ...{ listed: 129_993, read: 129_581, empty: 31_377, gone: 412, failed: 0, moved: 57 },
      ...{ asked: true, carried: 0 },
      ...{ counted: 129_619, sure: false },
      statements: [
        'The tenant counts 129619 contacts, the list holds 129581: 38 (0.03 %) are not in it.',
        'Of 3000 contacts outside the list, drawn at random, none has interactions: at 95 % confidence that is under 0.1 % of them.',
        'The list may be cut off: its last line has no end.',
      ],
    },
    tool: 'engage-migrate 0.1.0',
    finalPass: 'full',
    plan: { file: 'plan.json', digest: PLAN_DIGEST, madeAt: '2026-03-14T20:15:00Z' },
    preflight: true,
    policy: [
      'In production, a deletion takes two signatures.',
      'Nothing is deleted on a Friday, Saturday or Sunday.',
      'At most 100 interactions may be refused.',
    ],
  },
}

/** What the source system has kept, merged with it; the sample itself has none. */
export const HISTORY: HistoryFacts = {
  mode: 'besides',
  source: 'acme.voyado.com/completedProductRating/20260312T081500000Z',
  manifestDigest: PLAN_DIGEST,
  ...{ interactions: 401_225, contacts: 99_871 },
  compared: { both: 360_112, onlyInEngage: INTERACTIONS - 360_112, onlyInSource: 41_113, unknown: 322 },
  merged: {
    snapshot: 'acme.voyado.com/completedProductRating/20260314T225402118Z',
    manifestDigest: SNAPSHOT_DIGEST,
    ...{ interactions: INTERACTIONS + 40_791, contacts: 99_402, unfit: 12 },
    refused: { engage: 26, source: 3 },
  },
}

export const REPORT_DIGEST: string = createHash('sha256').update(canonicalText(FACTS)).digest('hex')

const onPlan = { plan: PLAN_DIGEST, snapshot: null, imported: null, report: null }

const GATES: readonly GateState[] = [
  {
    name: 'automations-paused',
    asks: 'All automations that react to interactions are paused.',
    state: 'signed',
    people: 1,
    signatures: [
      {
        by: 'Grace Hopper',
        at: '2026-03-14T21:30:00Z',
        note: 'Thank-you e-mail, Low rating → customer service, Any interaction follow-up',
        void: null,
        on: onPlan,
      },
    ],
  },
  {
    name: 'producers-stopped',
    asks: 'Every system that posts interactions of this schema has stopped.',
    state: 'signed',
    people: 1,
    signatures: [
      { by: 'Erik Lindqvist', at: '2026-03-14T22:01:00Z', note: 'queues are on', void: null, on: onPlan },
    ],
  },
  {
    name: 'delete-schema',
    asks: 'The schema and all its interactions may be deleted.',
    state: 'open',
    people: 2,
    signatures: [
      {
        by: 'Ada Lovelace',
        at: '2026-03-14T22:20:00Z',
        note: '',
        void: 'The snapshot that it was on has been replaced by a newer one.',
        on: { plan: PLAN_DIGEST, snapshot: PLAN_DIGEST, imported: null, report: PLAN_DIGEST },
      },
      {
        by: 'Ada Lovelace',
        at: '2026-03-14T23:05:00Z',
        note: 'read the whole report, talked to CRM',
        void: null,
        on: { plan: PLAN_DIGEST, snapshot: SNAPSHOT_DIGEST, imported: null, report: REPORT_DIGEST },
      },
    ],
  },
  {
    name: 'canary-seen',
    asks: 'The first imported interaction looks right and triggered nothing.',
    state: 'pending',
    people: 1,
    signatures: [],
  },
]

/** The sample itself. */
export const REPORT: Report = {
  format: 'engage-migrate report',
  formatVersion: 1,
  digest: REPORT_DIGEST,
  facts: FACTS,
  gates: GATES,
  outcome: [],
  writtenAt: '2026-03-14T23:06:00Z',
}
