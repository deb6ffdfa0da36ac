/**
 * The only way to the terminal.
 * Guarantees: everything that is shown passes `safeText`; with --json standard output carries one line, the result,
 * last, and everything else goes to standard error; so it does with --log-format ndjson, one JSON object a line.
 */
import type { Clock } from '../clock.ts'
import type { OperatorError } from '../errors.ts'
import { errorEntry, type LogEntry, type LogFormat, logLine, progressEntry } from '../report/log.ts'
import { errorLines, safeText } from '../report/terminal.ts'
import type { ProgressReport } from '../transfer/progress.ts'
import { duration } from '../upgrade/estimate.ts'

/** What the output writes to: a process's stream, or a test's. */
export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Without a terminal, a progress line is written this often, in milliseconds. */
const PLAIN_EVERY = 10_000
const STEADY_EVERY = 100
/** A rate is given once this much time has passed, in milliseconds. */
const RATE_AFTER = 1_000

/** A command as messages have it. */
const COMMAND =
  /\bengage-migrate (?=plan|upgrade|sign|status|report|audit|verify|repair|backup|restore|schema|snapshots|sandbox|demo|--help)/g

export class Output {
  readonly #out: Sink
  readonly #err: Sink
  readonly #clock: Clock
  readonly #program: string
  readonly #log: LogFormat
  readonly json: boolean
  #steady = false
  #phase = { name: '', began: 0, shown: 0, first: 0 }

  /**
   * @param program what to type to call this program: commands that are shown begin with it
   * @param log how everything but the result is written
   */
  constructor(
    out: Sink,
    err: Sink,
    clock: Clock,
    json: boolean,
    program = 'engage-migrate',
    log: LogFormat = 'text',
  ) {
    this.#program = program
    this.#log = log
    this.#out = out
    this.#err = err
    this.#clock = clock
    this.json = json
  }

  /** A line for a person. */
  say(text: string): void {
    if (this.#log === 'ndjson') {
      if (text.trim() !== '') this.#enter(this.#info(text))
      return
    }
    this.#clear()
    const sink = this.json ? this.#err : this.#out
    for (const line of this.#shown(text).split('\n')) sink.write(`${wrapped(line, sink)}\n`)
  }

  error(error: OperatorError): void {
    if (this.#log === 'ndjson') {
      this.#enter(errorEntry(error, (text) => this.#shown(text)))
      return
    }
    this.#clear()
    for (const line of errorLines(error)) this.#err.write(`${this.#shown(line)}\n`)
  }

  /** A line for whoever has just pressed Ctrl-C: what the terminal shows of that key is written over. */
  interruption(text: string): void {
    if (this.#log === 'ndjson') {
      this.#enter(this.#info(text))
      return
    }
    if (this.#err.isTTY) this.#err.write('\r\u001b[2K')
    this.#steady = false
    this.#err.write(`${wrapped(safeText(text), this.#err)}\n`)
  }

  /** The command's result for scripts: shown with --json only, as the last line. */
  result(value: object): void {
    this.#clear()
    // In JSON a character may be written as the same escape that safeText makes of it: the value stays as it is.
    if (this.json) this.#out.write(`${safeText(JSON.stringify(value))}\n`)
  }

  /** One steady line on a terminal; elsewhere a plain line now and then, and one at the end of a phase. */
  progress(report: ProgressReport): void {
    const now = this.#clock.elapsed()
    if (report.phase !== this.#phase.name)
      this.#phase = { name: report.phase, began: now, shown: now, first: report.doneHere }
    const ended = report.done === report.total
    const steady = this.#err.isTTY === true && this.#log === 'text'
    const every = steady ? STEADY_EVERY : PLAIN_EVERY
    if (!ended && now - this.#phase.shown < every) return
    this.#phase.shown = now
    const line = safeText(progressLine(report, report.doneHere - this.#phase.first, now - this.#phase.began))
    if (this.#log === 'ndjson') {
      this.#enter(progressEntry(report, line))
      return
    }
    if (!steady) {
      this.#err.write(`${line}\n`)
      return
    }
    this.#err.write(`\r\u001b[2K${line.slice(0, widthOf(this.#err) - 1)}${ended ? '\n' : ''}`)
    this.#steady = !ended
  }

  #info(text: string): LogEntry {
    return { level: 'info', text: this.#shown(text) }
  }

  #enter(entry: LogEntry): void {
    this.#err.write(logLine(this.#clock.now(), entry))
  }

  #shown(text: string): string {
    return safeText(text.replace(COMMAND, `${this.#program} `))
  }

  #clear(): void {
    if (this.#steady) this.#err.write('\r\u001b[2K')
    this.#steady = false
  }
}

/** Words are kept whole on a terminal. A command is left as it is: it must stay one line when it is copied. */
function wrapped(line: string, sink: Sink): string {
  const columns = widthOf(sink)
  const { isTTY } = sink
  if (isTTY !== true || line.length <= columns || /^\s*(\$ )?(engage-migrate|npm run)/.test(line)) return line
  const indent = /^\s*/.exec(line)?.[0] ?? ''
  const [first = '', ...words] = line.trim().split(' ')
  const lines = [indent + first]
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`
    if (longer.length <= columns) lines[lines.length - 1] = longer
    else lines.push(`${indent}  ${word}`)
  }
  return lines.join('\n')
}

/** Some terminals say that they have 0 columns, which means that they don't know. */
function widthOf({ columns }: Sink): number {
  return columns || 80
}

/** @param counted done within `elapsedMs`, since this phase was first heard of */
function progressLine(
  { phase, done, total, note }: ProgressReport,
  counted: number,
  elapsedMs: number,
): string {
  const parts = [`${phase} ${done}${total === undefined ? '' : `/${total}`}`]
  if (elapsedMs > RATE_AFTER) {
    const rate = counted / (elapsedMs / 1_000)
    parts.push(`${rate.toFixed(1)}/s`)
    if (total !== undefined && done < total && rate > 0) parts.push(`${duration((total - done) / rate)} left`)
  }
  if (note !== undefined) parts.push(note)
  return parts.join(', ')
}
