/**
 * Section: the gates that named people pass, with the signatures that have come.
 * Guarantees: pure; a signature that counts no more stays, struck out, with the reason; every gate that waits has room for a pen.
 */

import { capital, grouped, several } from '../../../words.ts'
import type { GateSignature, GateState, Report } from '../../report.ts'
import {
  type Block,
  BREAK,
  code,
  heading,
  moment,
  paragraph,
  quiet,
  type Run,
  type Section,
  strong,
  type Text,
  type Tone,
} from '../document.ts'

const STATES: Readonly<Record<GateState['state'], { readonly word: string; readonly tone: Tone }>> = {
  pending: { word: 'Comes later', tone: 'plain' },
  open: { word: 'Waits for a signature', tone: 'warning' },
  signed: { word: 'Signed', tone: 'good' },
  'not-needed': { word: 'Not needed', tone: 'plain' },
}

/** Enough to tell two digests apart. */
const DIGEST_LENGTH = 12

export function signaturesSection({ gates }: Report): Section {
  return {
    id: 'signatures',
    title: 'Signatures',
    blocks:
      gates.length === 0
        ? [paragraph('None are asked for: there is no plan.')]
        : [
            paragraph(
              'A named person passes each of these gates, in this order. A signature on paper does not replace the one in the run.',
            ),
            ...gates.flatMap(gateBlocks),
          ],
  }
}

function gateBlocks(gate: GateState): readonly Block[] {
  const { name, asks, state, signatures, people } = gate
  const counting = signatures.filter((each) => each.void === null).length
  const waits = state === 'open' || state === 'pending'
  return [
    heading(capital(asks), ' ', { run: 'mark', ...STATES[state] }),
    paragraph(
      quiet('Gate '),
      code(name),
      ...(people > 1
        ? [
            quiet(
              `. It takes ${several(people, 'different person', 'different people')}; ${grouped(counting)} signed so far.`,
            ),
          ]
        : []),
    ),
    ...(signatures.length === 0 ? [] : [{ block: 'list', items: signatures.map(signatureText) } as const]),
    ...(waits && people > counting
      ? [{ block: 'pen', caption: `Signatures for ${name}`, people: people - counting } as const]
      : []),
  ]
}

function signatureText({ by, at, note, void: why, on }: GateSignature): Text {
  const what: readonly Run[] = [
    ...digestOf(' plan ', on.plan),
    ...digestOf(', snapshot ', on.snapshot),
    ...digestOf(', what is imported ', on.imported),
    ...digestOf(', report ', on.report),
  ]
  const when: readonly Run[] = [', ', moment(at)]
  const said: readonly Run[] = note === '' ? [] : [BREAK, 'Note: ', note]
  return why === null
    ? [strong(by), ...when, ...said, BREAK, quiet('Signed on'), ...what]
    : [
        { run: 'struck', text: by },
        ...when,
        BREAK,
        { run: 'mark', tone: 'danger', word: 'Void' },
        ` ${why}`,
        ...said,
      ]
}

function digestOf(words: string, digest: string | null): readonly Run[] {
  return digest === null ? [] : [quiet(words), code(digest.slice(0, DIGEST_LENGTH))]
}
