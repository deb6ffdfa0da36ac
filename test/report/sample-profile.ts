/** What the data of the sample report says: ten years of product ratings, grown over time, with all that can be awkward. */
import type { MonthCount, Profile, PropertyProfile } from '../../src/profile/profile.ts'

const FIRST_YEAR = 2016
const FIRST_MONTH = 2
const COUNT = 121
/** Of January to December: people rate what they were given. */
const SEASON = [1.3, 0.9, 0.85, 0.9, 0.95, 0.85, 0.7, 0.8, 0.95, 1, 1.4, 1.7]

/** March 2016 to March 2026: slow at first, none in two months, a peak in each December. */
export const MONTHS: readonly MonthCount[] = Array.from({ length: COUNT }, (_, index) => {
  const at = FIRST_MONTH + index
  const year = FIRST_YEAR + Math.floor(at / 12)
  const month = at % 12
  const silent = year === 2020 && (month === 3 || month === 4)
  const level = 240 + 46 * index + 180 * Math.sin(index * 1.7)
  return {
    month: `${year}-${String(month + 1).padStart(2, '0')}`,
    interactions: silent ? 0 : Math.max(12, Math.round(level * (SEASON[month] ?? 1))),
  }
})

export const UNDATED = 3

export const INTERACTIONS: number = MONTHS.reduce((sum, { interactions }) => sum + interactions, UNDATED)

const share = (of: number): number => Math.round(INTERACTIONS * of)

type Given = Pick<PropertyProfile, 'name' | 'displayName' | 'type' | 'filled' | 'distinct' | 'worth'> &
  Partial<PropertyProfile>

function property(given: Given): PropertyProfile {
  return {
    segmentable: { before: false, after: false },
    range: null,
    frequent: [],
    frequentError: 0,
    personal: [],
    freeText: false,
    ...given,
  }
}

const MADE = { before: false, after: true }

export const PROPERTIES: readonly PropertyProfile[] = [
  property({
    ...{ name: 'rating', displayName: 'Rating', type: 'integer', segmentable: MADE },
    ...{ filled: INTERACTIONS, distinct: { count: 7, errorPercent: 0 } },
    range: { of: 'numbers', least: '1', most: '5' },
    frequent: [
      { value: '5', count: share(0.52) },
      { value: '4', count: share(0.24) },
      { value: '3', count: share(0.11) },
      { value: '1', count: share(0.08) },
      { value: '2', count: share(0.0496) },
    ],
    worth: { verdict: 'good', why: '7 different values, in all interactions.' },
  }),
  property({
    ...{ name: 'productSku', displayName: 'SKU', type: 'string', segmentable: MADE },
    ...{ filled: share(0.997), distinct: { count: 48_200, errorPercent: 1.6 } },
    range: { of: 'lengths', least: 6, most: 14 },
    frequent: [
      { value: 'AC-10442-BLK', count: 1_904 },
      { value: 'AC-10442-NVY', count: 1_611 },
      { value: 'AC-20117', count: 1_288 },
    ],
    frequentError: 130,
    worth: {
      verdict: 'good',
      why: 'Nearly every interaction names a product; one is looked up, not listed.',
    },
  }),
  property({
    ...{ name: 'productCategory', displayName: 'Category', type: 'string', segmentable: MADE },
    ...{ filled: share(0.91), distinct: { count: 23, errorPercent: 0 } },
    range: { of: 'lengths', least: 4, most: 28 },
    frequent: [
      { value: 'Shoes', count: share(0.31) },
      { value: 'Outerwear', count: share(0.22) },
      { value: 'Träning & fritid', count: share(0.13) },
    ],
    worth: { verdict: 'good', why: '23 different values, in 91 % of the interactions.' },
  }),
  property({
    ...{ name: 'channel', displayName: 'Channel', type: 'string', segmentable: MADE },
    ...{ filled: share(0.74), distinct: { count: 4, errorPercent: 0 } },
    range: { of: 'lengths', least: 3, most: 6 },
    frequent: [
      { value: 'web', count: share(0.44) },
      { value: 'e-mail', count: share(0.19) },
      { value: 'app', count: share(0.08) },
      { value: 'store', count: share(0.03) },
    ],
    worth: { verdict: 'good', why: '4 different values, in 74 % of the interactions.' },
  }),
  property({
    ...{ name: 'verifiedPurchase', displayName: 'Verified purchase', type: 'boolean', segmentable: MADE },
    ...{ filled: share(0.98), distinct: { count: 2, errorPercent: 0 } },
    frequent: [
      { value: 'true', count: share(0.83) },
      { value: 'false', count: share(0.15) },
    ],
    worth: { verdict: 'good', why: '2 different values, in 98 % of the interactions.' },
  }),
  property({
    ...{ name: 'reviewedAt', displayName: 'Reviewed', type: 'string (date-time)', segmentable: MADE },
    ...{ filled: share(0.968), distinct: { count: 261_000, errorPercent: 1.6 } },
    range: { of: 'instants', least: '2016-03-02T08:14:09Z', most: '2026-03-14T21:58:40Z' },
    worth: { verdict: 'good', why: 'Segments by date are possible; single values mean nothing.' },
  }),
  property({
    ...{ name: 'helpfulVotes', displayName: 'Helpful votes', type: 'integer' },
    ...{ filled: share(0.06), distinct: { count: 61, errorPercent: 0 } },
    range: { of: 'numbers', least: '0', most: '412' },
    frequent: [
      { value: '1', count: share(0.031) },
      { value: '2', count: share(0.012) },
    ],
    worth: { verdict: 'poor', why: 'Only 6 % of the interactions have it.' },
  }),
  property({
    ...{ name: 'reviewTitle', displayName: 'Title', type: 'string', freeText: true },
    ...{ filled: share(0.63), distinct: { count: 154_000, errorPercent: 1.6 } },
    range: { of: 'lengths', least: 1, most: 118 },
    worth: { verdict: 'never', why: 'Free text: nearly every value is there once.' },
  }),
  property({
    ...{ name: 'reviewText', displayName: 'Review', type: 'string', freeText: true },
    ...{ filled: share(0.47), distinct: { count: 148_000, errorPercent: 1.6 } },
    range: { of: 'lengths', least: 1, most: 7_940 },
    personal: [
      { kind: 'e-mail address', count: 38 },
      { kind: 'phone number', count: 112 },
    ],
    worth: { verdict: 'never', why: 'Free text, in which people write what is personal.' },
  }),
  property({
    ...{ name: 'reviewerEmail', displayName: '', type: 'string (email)' },
    ...{ filled: share(0.005), distinct: { count: 1_391, errorPercent: 0 } },
    range: { of: 'lengths', least: 9, most: 61 },
    personal: [{ kind: 'e-mail address', count: share(0.005) }],
    worth: { verdict: 'never', why: 'Personal data: e-mail addresses.' },
  }),
  property({
    ...{ name: 'campaign-code_2019', displayName: 'Campaign 2019', type: 'string' },
    ...{ filled: 0, distinct: { count: 0, errorPercent: 0 } },
    worth: { verdict: 'poor', why: 'No interaction has it.' },
  }),
]

export const PROFILE: Profile = {
  interactions: INTERACTIONS,
  contacts: { withHistory: 98_204, without: 31_377, gone: 412 },
  oldestCreated: '2016-03-02T08:14:09Z',
  newestCreated: '2026-03-14T21:58:40Z',
  months: MONTHS,
  undated: UNDATED,
  recent: {
    days: 28,
    interactions: 5_006,
    busiestDay: { day: '2026-03-01', interactions: 388 },
    newest: '2026-03-14',
  },
  busiest: [
    { contactId: 'cf6d21fa-6e2b-481c-ab38-afa1012233ff', interactions: 1_204 },
    { contactId: '0b0e4c1a-77b9-4f0e-9d1f-3c5a8d7e2f10', interactions: 311 },
    { contactId: '51c6a0de-9b53-4a0c-8f77-b1f1f0a9c422', interactions: 187 },
    { contactId: '8d9e7a33-1c54-4f6f-a6ad-0c0a1be7d6e5', interactions: 151 },
    { contactId: 'e2f4b6c8-0d1e-4a3b-9c5d-7f8091a2b3c4', interactions: 96 },
  ],
  twins: {
    surplus: 214,
    contacts: 97,
    example: {
      contactId: '51c6a0de-9b53-4a0c-8f77-b1f1f0a9c422',
      ids: ['7e1fd0c2-4a5b-4c6d-8e9f-0a1b2c3d4e5f', '9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d'],
    },
  },
  refused: {
    interactions: 26,
    reasons: [
      {
        reason: 'rating: must be integer',
        count: 19,
        examples: [
          {
            id: '2d4c6f80-1a3b-4c5d-9e7f-8091a2b3c4d5',
            contactId: '0b0e4c1a-77b9-4f0e-9d1f-3c5a8d7e2f10',
            createdDate: '2017-11-24T19:02:11Z',
          },
        ],
      },
      {
        reason: 'reviewedAt: must match format "date-time"',
        count: 9,
        examples: [
          {
            id: '3e5d7091-2b4c-4d6e-8f80-91a2b3c4d5e6',
            contactId: '8d9e7a33-1c54-4f6f-a6ad-0c0a1be7d6e5',
            createdDate: '2016-07-03T10:44:00Z',
          },
        ],
      },
    ],
  },
  unnamed: [
    { name: 'locale', count: share(0.58), before: false },
    { name: 'legacyId', count: share(0.21), before: false },
    { name: 'Source System', count: 1_240, before: false },
  ],
  properties: PROPERTIES,
}
