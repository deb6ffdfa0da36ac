import { describe, expect, it } from 'vitest'
import { EngageError, type EngageErrorParts } from '../../src/engage/errors.ts'
import { classifyPostError, tooManyRejected } from '../../src/transfer/post.ts'

function error(parts: Partial<EngageErrorParts>): EngageError {
  return new EngageError({
    method: 'POST',
    path: '/api/v3/interactions',
    serverMessage: 'words',
    outcome: 'refused',
    ...parts,
  })
}

describe('classifyPostError', () => {
  it.each([
    [{ outcome: 'unknown' as const }, 'doubt'],
    [{ status: 500, outcome: 'unknown' as const }, 'doubt'],
    [{ status: 503, outcome: 'unknown' as const }, 'doubt'],
    [{ status: 408, outcome: 'unknown' as const }, 'doubt'],
    [{ status: 200, outcome: 'unknown' as const }, 'doubt'],
    [{ outcome: 'unsent' as const }, 'unreached'],
    [{ status: 429 }, 'unsent'],
    [{ status: 400 }, 'rejected'],
    [{ status: 404 }, 'rejected'],
    [{ status: 409 }, 'rejected'],
    [{ status: 410 }, 'rejected'],
    [{ status: 413 }, 'rejected'],
    [{ status: 422 }, 'rejected'],
    [{ status: 400, serverMessage: "Schema 'visit' not found" }, 'fatal'],
    [{ status: 404, serverMessage: "Schema 'visit' not found" }, 'fatal'],
    [{ status: 301 }, 'fatal'],
    [{ status: 401 }, 'fatal'],
    [{ status: 403 }, 'fatal'],
    [{ status: 405 }, 'fatal'],
    [{ status: 415 }, 'fatal'],
    [{}, 'fatal'],
  ])('takes %j for %s', (parts, kind) => {
    expect(classifyPostError(error(parts)).kind).toBe(kind)
  })

  it('takes what is no answer of the server for fatal, and hands it on', () => {
    const disk = new Error('disk is full')
    expect(classifyPostError(disk)).toEqual({ kind: 'fatal', error: disk })
  })

  it('waits after a 429 as long as the server asks, else as the vendor’s retry policy begins', () => {
    expect(classifyPostError(error({ status: 429, retryAfterMs: 1_500 }))).toEqual({
      kind: 'unsent',
      waitMs: 1_500,
    })
    expect(classifyPostError(error({ status: 429 }))).toEqual({ kind: 'unsent', waitMs: 10_000 })
  })

  it('keeps the words of an answer that leaves it open', () => {
    const unknown = { outcome: 'unknown' as const, serverMessage: 'An error has occurred' }
    expect(classifyPostError(error({ ...unknown, status: 500 }))).toEqual({
      kind: 'doubt',
      said: '500: An error has occurred',
    })
    expect(classifyPostError(error(unknown))).toEqual({
      kind: 'doubt',
      said: 'no answer: An error has occurred',
    })
  })

  it('keeps the server’s reason of a rejection', () => {
    expect(classifyPostError(error({ status: 400, serverMessage: 'rating is wrong' }))).toEqual({
      kind: 'rejected',
      reason: '400: rating is wrong',
      absent: false,
    })
  })
})

describe('tooManyRejected', () => {
  it.each([
    [0, 0, false],
    [4, 4, false],
    [5, 5, true],
    [5, 100, true],
    [5, 101, false],
    [50, 1_000, true],
    [49, 1_000, false],
  ])('%i of %i: %s', (rejected, decided, expected) => {
    expect(tooManyRejected(rejected, decided)).toBe(expected)
  })

  it.each([
    [0, 100, 0, false],
    [1, 1_000_000, 0, true],
    [1, 10, 1, true],
    [49, 50, 50, false],
    [50, 50, 50, true],
    [-3, 50, 0, false],
    [1_000, 1_000, 99, true],
    [1_000, 1_000, 100, false],
  ])('%i of %i, at most %i %%: %s', (rejected, decided, atMost, expected) => {
    expect(tooManyRejected(rejected, decided, atMost)).toBe(expected)
  })
})
