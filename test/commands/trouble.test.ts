import { describe, expect, it } from 'vitest'
import { toOperatorError } from '../../src/commands/trouble.ts'
import { EngageError, NoAnswer } from '../../src/engage/errors.ts'

const { signal } = new AbortController()

function unanswered(code: string): EngageError {
  const cause = Object.assign(new Error(`connect ${code}`), { code })
  return new EngageError({
    method: 'GET',
    path: '/api/v3/interactionschemas',
    serverMessage: cause.message,
    outcome: 'unknown',
    cause: new NoAnswer(cause.message, false, cause),
  })
}

describe('a tenant that no connection leads to', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    '(%s): the base URL is to be checked, and whether it is up',
    (code) => {
      expect(toOperatorError(unanswered(code), signal)).toMatchObject({
        exit: 1,
        next: 'Check the base URL and whether the tenant is up, then run the same command again.',
      })
    },
  )

  it('is another matter than a connection that broke', () => {
    expect(toOperatorError(unanswered('ECONNRESET'), signal).next).toBe('Run the same command again.')
  })
})
