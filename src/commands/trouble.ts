/**
 * Whatever was thrown → words for an operator, and an exit code.
 * Guarantees: nothing that reaches a person is a stack trace; a wrong key or a wrong address is called that.
 */
import { EngageError } from '../engage/errors.ts'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'
import { Interrupted } from '../transfer/progress.ts'

/** @returns the reason to abort with when a person asks to stop. */
export function interruption(): Error {
  return new Interrupted()
}

/** @returns anything that was thrown, in words for an operator */
export function toOperatorError(error: unknown, stop: AbortSignal): OperatorError {
  if (error instanceof OperatorError) return error
  if (error instanceof Interrupted || (stop.aborted && (error === stop.reason || isUnanswered(error)))) {
    return new OperatorError({
      what: 'Interrupted.',
      safe: 'Everything so far is recorded; nothing will be posted twice.',
      next: 'Run the same command again to go on.',
      exit: EXIT.interrupted,
    })
  }
  if (error instanceof EngageError) return engageTrouble(error)
  return new OperatorError({
    what: `Something went wrong that was not foreseen: ${messageOf(error)}`,
    safe: 'What was done until here is kept.',
    next: 'Run the same command again, with --debug to see where.',
    exit: EXIT.failed,
    cause: error,
  })
}

/** @returns an error as the result of a command has it, with --json */
export function errorResult({ message, safe, next, exit }: OperatorError): object {
  return { what: message, safe: safe ?? null, next: next ?? null, exit }
}

function engageTrouble(error: EngageError): OperatorError {
  const keyRefused = error.status === 401 || error.status === 403
  const notTheApi =
    error.status !== undefined && (error.status < 400 || (error.status < 500 && error.kind === 'not-the-api'))
  return new OperatorError({
    what: `${keyRefused ? 'Engage refused the API key' : 'Engage did not answer as hoped'}: ${error.message}`,
    safe: 'What was done until here is kept; nothing was changed by this call.',
    next: keyRefused
      ? 'Check the API key, its rights and its list of allowed addresses, then run the same command again.'
      : notTheApi
        ? 'Check the base URL, then run the same command again.'
        : isUnreachable(error)
          ? 'Check the base URL and whether the tenant is up, then run the same command again.'
          : 'Run the same command again.',
    exit: keyRefused || notTheApi ? EXIT.usage : EXIT.failed,
    cause: error,
  })
}

/** No connection was ever made. */
function isUnreachable(error: EngageError): boolean {
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    codeOf(error) ?? '',
  )
}

/** A question that was given up because a person asked to stop. */
function isUnanswered(error: unknown): boolean {
  return error instanceof EngageError && error.method === 'GET' && error.outcome !== 'refused'
}
