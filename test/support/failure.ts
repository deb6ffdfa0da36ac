/** What something threw, to look at. */

/** @returns what the promise was rejected with; throws where it wasn't */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}

/** @returns what the function threw; throws where it didn't */
export function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('it should have thrown')
}
