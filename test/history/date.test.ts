/** Dates of another system: the same instant with an offset, or a reason. */
import { describe, expect, it } from 'vitest'
import { isOffset, readDate } from '../../src/history/date.ts'

describe('A date-time', () => {
  it.each([
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59Z'],
    ['2024-02-29t23:59:59z', '2024-02-29T23:59:59Z'],
    [' 2024-02-29 23:59:59.1234567+05:45 ', '2024-02-29T23:59:59.1234567+05:45'],
    ['2024-02-29T23:59:59,5-0800', '2024-02-29T23:59:59.5-08:00'],
    ['2024-02-29 23:59:59+00', '2024-02-29T23:59:59+00:00'],
  ])('%j keeps its instant', (text, date) => {
    expect(readDate(text, undefined)).toEqual({ date })
    // What it says itself counts.
    expect(readDate(text, '-03:00')).toEqual({ date })
  })

  it('without an offset has the one that was said, and without that none', () => {
    expect(readDate('2024-01-01 10:00:00', '+01:00')).toEqual({ date: '2024-01-01T10:00:00+01:00' })
    expect(readDate('2024-01-01 10:00:00', undefined)).toEqual({
      problem: expect.stringContaining('--time-zone'),
    })
  })

  it.each([
    '2024-01-01',
    '01/02/2024 10:00:00',
    '1704103200',
    '2024-01-01T10:00',
    '2024-01-01T10:00:00 UTC',
    '',
  ])('%j is none', (text) => {
    expect(readDate(text, 'Z')).toEqual({ problem: expect.stringContaining('is not a date-time') })
  })

  it.each([
    '2023-02-29T10:00:00Z',
    '2024-13-01T10:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T10:00:60Z',
    '2024-01-01T10:00:00+25:00',
  ])('%j is one that there is not', (text) => {
    expect(readDate(text, 'Z')).toEqual({ problem: 'is a date-time that there is not' })
  })
})

it('an offset is Z, or hours and minutes', () => {
  expect(['Z', '+01:00', '-08:00', '+14:00'].map(isOffset)).not.toContain(false)
  expect(['', 'z', '+1', '+0100', '+15:00', 'Europe/Stockholm', '+01:60'].map(isOffset)).not.toContain(true)
})
