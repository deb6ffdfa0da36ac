/**
 * Texts → HTML.
 * Guarantees: every character of a text comes out as that character, none as markup (the template escapes it), after `shown`
 * has written out what can't be seen; names and values are isolated, so that right-to-left writing in one turns nothing around.
 */
import { html } from 'hono/html'
import type { MomentForm, Run, Text } from './document.ts'
import { LENGTH, shown } from './text.ts'
import { momentWords } from './wording.ts'

export type Markup = ReturnType<typeof html>

export function textMarkup(text: Text): Markup {
  const runs: readonly Run[] = Array.isArray(text) ? text : [text as Run]
  return html`${runs.map(runMarkup)}`
}

function runMarkup(run: Run): Markup | string {
  if (typeof run === 'string') return shown(run, LENGTH.sentence)
  switch (run.run) {
    case 'code':
      return html`<code>${shown(run.text, LENGTH.name)}</code>`
    case 'value':
      return html`<bdi class="value">“${shown(run.text, LENGTH.value)}”</bdi>`
    case 'strong':
      return html`<strong>${shown(run.text, LENGTH.sentence)}</strong>`
    case 'quiet':
      return html`<span class="quiet">${shown(run.text, LENGTH.sentence)}</span>`
    case 'struck':
      return html`<s><bdi>${shown(run.text, LENGTH.name)}</bdi></s>`
    case 'mark':
      return html`<span class="mark ${run.tone}">${run.word}</span>`
    case 'bar':
      return barMarkup(run.from, run.share)
    case 'break':
      return html`<br>`
    case 'moment':
      return momentMarkup(run.at, run.as)
  }
}

function momentMarkup(at: string, as: MomentForm): Markup {
  const words = momentWords(at, as)
  return words === undefined
    ? html`<code>${shown(at, LENGTH.value)}</code>`
    : html`<time datetime="${new Date(at).toISOString()}">${words}</time>`
}

/** Drawn, since a style of its own is what the page's policy forbids. */
function barMarkup(from: number, share: number): Markup {
  const at = (part: number): number => Math.round(Math.min(1, Math.max(0, part)) * 1_000)
  const begin = at(from)
  // Thinner than that, and it can't be seen.
  const width = share > 0 ? Math.max(8, at(share)) : 0
  return html`<svg class="bar" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="rest" width="1000" height="6"/><rect class="part" x="${Math.min(begin, 1_000 - width)}" width="${width}" height="6"/></svg>`
}
