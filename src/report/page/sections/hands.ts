/**
 * Section: what people have to do, who, and when.
 * Guarantees: pure; every piece of work is a box to tick, under the moment at which it is due, in the report's order.
 */

import { grouped } from '../../../words.ts'
import type { HandWork, Report } from '../../report.ts'
import {
  code,
  few,
  heading,
  joined,
  paragraph,
  type Run,
  type Section,
  strong,
  type Task,
  type Text,
} from '../document.ts'

const MOST_NAMES = 50

export function handsSection({ facts }: Report): Section {
  const groups = [...Map.groupBy(facts.hands, ({ when }) => when)]
  return {
    id: 'hands',
    title: 'What must be done by hand',
    blocks:
      groups.length === 0
        ? [paragraph('Nothing.')]
        : [
            paragraph(
              'There is no interface for these: people do them, tick them off, and sign where a gate asks for it.',
            ),
            ...groups.flatMap(([when, works]) => [
              heading(when),
              { block: 'tasks', items: works.map(taskOf) } as const,
            ]),
          ],
  }
}

function taskOf({ what, who, names, gate }: HandWork): Task {
  const { first, more } = few(names, MOST_NAMES)
  const named: readonly Text[] =
    first.length === 0
      ? []
      : [
          [
            'Namely: ',
            ...joined(
              first.map((text): Run => ({ run: 'value', text })),
              ', ',
            ),
            more === 0 ? '' : ` and ${grouped(more)} more`,
          ],
        ]
  return {
    text: what,
    details: [['Who: ', strong(who)], ...named, ...(gate === null ? [] : [['Then sign: ', code(gate)]])],
  }
}
