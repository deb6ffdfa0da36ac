/** Equality, as everything in this folder relies on it: what the same event is, and what is another. */
import { describe, expect, it } from 'vitest'
import { isObject, parseJson } from '../../src/json.ts'
import type { InteractionSchema } from '../../src/model.ts'
import { canonicalForm, instantMs } from '../../src/schema/canonical.ts'

const schema: InteractionSchema = {
  id: 'visit',
  displayName: 'Visit',
  jsonSchema: {
    type: 'object',
    properties: {
      amount: { type: 'number' },
      count: { type: 'integer' },
      note: { type: 'string' },
      at: { type: 'string', format: 'date-time' },
      day: { type: 'string', format: 'date' },
      first: { type: 'boolean' },
    },
  },
}

const keyOf = canonicalForm(schema)
const DATE = '2025-01-02T03:04:05.678Z'

function key(payload: string, createdDate = DATE): string {
  const value = parseJson(payload)
  if (!isObject(value)) throw new Error('a payload is an object')
  return keyOf({ createdDate, payload: value })
}

describe('the canonical form', () => {
  it.each([
    ['{"amount":1.0}', '{"amount":1}'],
    ['{"amount":1e2}', '{"amount":100}'],
    ['{"amount":0.10}', '{"amount":1E-1}'],
    ['{"amount":-0}', '{"amount":0}'],
    ['{"count":9007199254740993.0}', '{"count":9007199254740993}'],
    ['{"at":"2025-01-02T03:04:05Z"}', '{"at":"2025-01-02T05:04:05.0000000+02:00"}'],
    ['{"at":"2025-01-02T03:04:05.1234567Z"}', '{"at":"2025-01-02T03:04:05.123+00:00"}'],
    ['{"at":"2025-01-02T03:04:05Z"}', '{"at":"2025-01-02T03:04:05"}'],
    ['{"note":null}', '{}'],
    ['{"note":"a","unnamed":1}', '{"note":"a"}'],
    ['{"note":"a","amount":1}', '{"amount":1,"note":"a"}'],
    ['{"note":"\\u00e9"}', '{"note":"é"}'],
  ])('of %s is that of %s', (one, other) => {
    expect(key(one)).toBe(key(other))
  })

  it.each([
    ['{"count":9007199254740993}', '{"count":9007199254740992}'],
    ['{"amount":0.1}', '{"amount":0.10000000000000002}'],
    ['{"amount":1}', '{"amount":-1}'],
    ['{"amount":1}', '{"amount":"1"}'],
    ['{"amount":0}', '{}'],
    ['{"note":""}', '{}'],
    ['{"note":"null"}', '{"note":null}'],
    ['{"first":false}', '{}'],
    ['{"first":true}', '{"first":"true"}'],
    ['{"note":"caf\u00e9"}', '{"note":"cafe\u0301"}'],
    ['{"note":"a"}', '{"note":"a "}'],
    ['{"note":"a"}', '{"note":"A"}'],
    ['{"note":"2025-01-02T03:04:05Z"}', '{"note":"2025-01-02T03:04:05+00:00"}'],
    ['{"day":"2025-01-02T03:04:05Z"}', '{"day":"2025-01-02T03:04:05+00:00"}'],
    ['{"at":"2025-01-02T03:04:05.123Z"}', '{"at":"2025-01-02T03:04:05.124Z"}'],
    ['{"at":"2025-01-02T03:04:05+02:00"}', '{"at":"2025-01-02T03:04:05Z"}'],
    ['{"at":"soon"}', '{"at":"Soon"}'],
    ['{"note":"a\\n\\"amount\\":1"}', '{"note":"a","amount":1}'],
  ])('of %s is not that of %s', (one, other) => {
    expect(key(one)).not.toBe(key(other))
  })

  it.each([
    ['2025-01-02T03:04:05.678Z', '2025-01-02T03:04:05.6789999Z', true],
    ['2025-01-02T03:04:05.678Z', '2025-01-02T04:04:05.678+01:00', true],
    ['2025-01-02T03:04:05.678Z', '2025-01-02T03:04:05.678', true],
    ['2025-01-02T03:04:05.678Z', '2025-01-01T21:34:05.678-05:30', true],
    ['2025-01-02T03:04:05.600Z', '2025-01-02T03:04:05.6Z', true],
    ['2025-01-02T03:04:05.678Z', '2025-01-02T03:04:05.679Z', false],
    ['2025-01-02T03:04:05.678Z', '2025-01-02T03:04:05.678+01:00', false],
    ['2025-01-02T03:04:05.678Z', '2024-01-02T03:04:05.678Z', false],
    // What .NET writes where there is no date.
    ['0001-01-01T00:00:00Z', '1901-01-01T00:00:00Z', false],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.0000000', true],
    ['2023-02-29T00:00:00Z', '2023-03-01T00:00:00Z', false],
    ['yesterday', 'Yesterday', false],
    ['yesterday', 'yesterday', true],
  ])('takes createdDate %s and %s for the same instant: %s', (one, other, same) => {
    expect(key('{}', one) === key('{}', other)).toBe(same)
  })

  it('follows the schema that is given: what it does not name does not count', () => {
    const narrow = canonicalForm({
      ...schema,
      jsonSchema: { type: 'object', properties: { note: { type: 'string' } } },
    })
    const date = { createdDate: DATE }
    expect(narrow({ ...date, payload: { note: 'a', amount: 1 } })).toBe(
      narrow({ ...date, payload: { note: 'a', amount: 2 } }),
    )
  })

  it('does not mistake what every object inherits for a value', () => {
    const odd = canonicalForm({
      ...schema,
      jsonSchema: { type: 'object', properties: { constructor: { type: 'string' } } },
    })
    expect(odd({ createdDate: DATE, payload: {} })).toBe(odd({ createdDate: DATE, payload: { a: 1 } }))
    expect(odd({ createdDate: DATE, payload: { constructor: 'x' } })).not.toBe(
      odd({ createdDate: DATE, payload: {} }),
    )
  })
})

describe('instantMs', () => {
  it.each([
    ['2025-01-02T03:04:05Z', Date.UTC(2025, 0, 2, 3, 4, 5)],
    ['2025-01-02 03:04:05,5', Date.UTC(2025, 0, 2, 3, 4, 5, 500)],
    ['2025-01-02T03:04:05.000+0530', Date.UTC(2025, 0, 1, 21, 34, 5)],
    ['0001-01-01T00:00:00Z', -62135596800000],
    ['2024-02-29T24:00:00Z', Date.UTC(2024, 2, 1)],
    ['2023-02-29T00:00:00Z', undefined],
    ['2025-01-02', undefined],
    ['02/01/2025 03:04:05', undefined],
    ['', undefined],
  ])('reads %j as %s', (text, ms) => {
    expect(instantMs(text)).toBe(ms)
  })
})
