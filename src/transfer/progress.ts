/**
 * How far a long piece of work is, told to whoever shows it.
 * Guarantees: nothing is printed here; `done` never goes back within a phase.
 */
export interface ProgressReport {
  /** What is being done, as a person says it: "reading contacts". */
  readonly phase: string
  readonly done: number
  /** Undefined where it can't be known beforehand. */
  readonly total: number | undefined
  /** Counted since the phase began, for the rate: what an earlier process did is not in it. */
  readonly doneHere: number
  readonly note?: string
}

export type Progress = (report: ProgressReport) => void

/** A stop asked for by a person: what is in flight is finished, nothing new is begun. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted')
    this.name = 'Interrupted'
  }
}
