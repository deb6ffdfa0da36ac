/**
 * The page as a value between its words and its forms: the sections write it, HTML and Markdown are made of it.
 * Guarantees: whoever writes a section gives texts, never markup; so that what comes from a tenant can become none, wherever it
 * stands, and both forms say the same.
 */
import type { History } from './months.ts'

export interface Page {
  readonly environment: Environs
  readonly heading: Heading
  readonly opening: readonly Block[]
  readonly sections: readonly Section[]
  readonly closing: readonly Text[]
}

/** What the tenant is for, by colour and by word. */
export interface Environs {
  readonly colour: 'production' | 'staging' | 'sandbox'
  readonly word: string
  readonly means: string
}

/** `before` and `between` are small, what they stand beside is large. */
export interface Heading {
  readonly before: string
  readonly schema: string
  readonly between: string
  readonly tenant: string
}

export interface Section {
  /** What a link within the page leads to: letters and dashes. */
  readonly id: string
  readonly title: string
  readonly blocks: readonly Block[]
}

export type Tone = 'plain' | 'good' | 'warning' | 'danger'

/** The day, the day and the time, or the time alone where the day was said. */
export type MomentForm = 'day' | 'minute' | 'time'

/** A piece of a text. A bare string is a sentence, or a part of one. */
export type Run =
  | string
  /** A name, an id, a path, a digest: letter by letter. */
  | { readonly run: 'code'; readonly text: string }
  /** What stands in a payload, between quotation marks. */
  | { readonly run: 'value'; readonly text: string }
  | { readonly run: 'strong'; readonly text: string }
  | { readonly run: 'quiet'; readonly text: string }
  /** What counts no more. */
  | { readonly run: 'struck'; readonly text: string }
  /** A date: ISO 8601; anything else is shown as it is. */
  | { readonly run: 'moment'; readonly at: string; readonly as: MomentForm }
  /** A word in a colour, which says the same without it. */
  | { readonly run: 'mark'; readonly tone: Tone; readonly word: string }
  /** A share from 0 to 1, and where it begins, as a small bar for the eye alone: the words beside it say it. */
  | { readonly run: 'bar'; readonly from: number; readonly share: number }
  | { readonly run: 'break' }

export type Text = Run | readonly Run[]

export type Block =
  | Verdict
  | { readonly block: 'paragraph'; readonly text: Text }
  | { readonly block: 'heading'; readonly text: Text }
  | { readonly block: 'list'; readonly items: readonly Text[] }
  | { readonly block: 'tasks'; readonly items: readonly Task[] }
  | Table
  | { readonly block: 'facts'; readonly entries: ReadonlyArray<readonly [term: string, fact: Text]> }
  | { readonly block: 'figures'; readonly entries: readonly Figure[] }
  | { readonly block: 'note'; readonly tone: Tone; readonly title: string; readonly items: readonly Text[] }
  | { readonly block: 'chart'; readonly history: History }
  /** What only who asks for it wants to read. */
  | { readonly block: 'folded'; readonly summary: string; readonly blocks: readonly Block[] }
  /** Lines that people fill in with a pen. */
  | { readonly block: 'pen'; readonly caption: string; readonly people: number }

export interface Verdict {
  readonly block: 'verdict'
  readonly tone: Tone
  readonly word: string
  readonly sentence: string
  readonly because: readonly Text[]
}

export interface Table {
  readonly block: 'table'
  readonly caption: string
  /** Whether a heading right before it says the same to the eye. */
  readonly headed?: boolean
  /** The first column names the row. */
  readonly columns: readonly Column[]
  readonly rows: ReadonlyArray<readonly Text[]>
  /** What the rows add up to. */
  readonly total?: readonly Text[]
  /** On a narrow screen its rows become blocks, or it is scrolled by itself. */
  readonly narrow: 'stacked' | 'scrolled'
}

export interface Column {
  readonly head: string
  readonly numeric?: boolean
  /** The one of several that is advised. */
  readonly advised?: boolean
}

export interface Task {
  readonly text: Text
  readonly details: readonly Text[]
}

/** A number that says most, and what it is of. */
export interface Figure {
  readonly figure: string
  readonly label: string
}

export function code(text: string): Run {
  return { run: 'code', text }
}

export function strong(text: string): Run {
  return { run: 'strong', text }
}

export function quiet(text: string): Run {
  return { run: 'quiet', text }
}

export function moment(at: string): Run {
  return { run: 'moment', at, as: 'minute' }
}

export function day(at: string): Run {
  return { run: 'moment', at, as: 'day' }
}

/** @returns from when to when; the day is said once where it is one (UTC) */
export function span(start: string, end: string): readonly Run[] {
  const sameDay = start.slice(0, 10) === end.slice(0, 10)
  return [moment(start), ' to ', { run: 'moment', at: end, as: sameDay ? 'time' : 'minute' }]
}

export const BREAK: Run = { run: 'break' }

export function paragraph(...text: readonly Run[]): Block {
  return { block: 'paragraph', text }
}

export function heading(...text: readonly Run[]): Block {
  return { block: 'heading', text }
}

/** @param none said where there is nothing: an empty place would leave open whether anybody looked */
export function listOr(none: string, items: readonly Text[]): Block {
  return items.length === 0 ? paragraph(none) : { block: 'list', items }
}

/** @returns texts with something between them: names in a row, say */
export function joined(texts: readonly Run[], between: Run): readonly Run[] {
  return texts.flatMap((each, index) => (index === 0 ? [each] : [between, each]))
}

/** @returns the first of a list, and how many more there are */
export function few<Item>(
  items: readonly Item[],
  most: number,
): { readonly first: readonly Item[]; readonly more: number } {
  return { first: items.slice(0, most), more: Math.max(0, items.length - most) }
}
