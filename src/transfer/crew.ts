/**
 * Many pieces of work at once, some of which wait.
 * Guarantees: at most `places` of them are worked on at a time; one that waits holds no place, so that others go on
 * meanwhile; begun and not ended are at most `begun` of them, with `held` records in all (or a single one with more), so
 * memory is flat whatever there is to do; who comes back from a wait goes before who has not begun.
 */
export interface CrewOptions {
  readonly places: number
  readonly begun: number
  readonly held: number
  /** While it says so nothing new is begun, unless nothing else is under way. */
  paused?(): boolean
}

/** Runs a wait without holding a place. */
export type Aside = (wait: () => Promise<void>) => Promise<void>

export interface Crew {
  /**
   * Begins a piece of work as soon as there is room for it.
   * @param records how many it holds in memory
   * @param work must not reject: what fails is its own to keep
   */
  begin(records: number, work: (aside: Aside) => Promise<void>): Promise<void>
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>
  /** Looks again whether something new may begin: to be called when `paused` may say something else. */
  nudge(): void
}

export function createCrew({ places, begun, held, paused = () => false }: CrewOptions): Crew {
  let free = places
  let open = 0
  let records = 0
  const returning: Array<() => void> = []
  let changed = Promise.withResolvers<void>()

  const nudge = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const leave = (): void => {
    const next = returning.shift()
    if (next !== undefined) next()
    else free += 1
    nudge()
  }
  const comeBack = async (): Promise<void> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => returning.push(resolve))
  }
  const aside: Aside = async (wait) => {
    leave()
    try {
      await wait()
    } finally {
      await comeBack()
    }
  }
  const hasRoom = (more: number): boolean =>
    free > 0 && (open === 0 || (open < begun && records + more <= held && !paused()))

  return {
    nudge,
    async begin(more, work) {
      while (!hasRoom(more)) await changed.promise
      free -= 1
      open += 1
      records += more
      void work(aside).finally(() => {
        open -= 1
        records -= more
        leave()
      })
    },
    async idle() {
      while (open > 0) await changed.promise
    },
  }
}
