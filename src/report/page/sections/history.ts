/**
 * What the source system has kept beside what Engage holds, and what of both is imported: a part of the section on the deletion.
 * Guarantees: pure; what is counted before the merge is called provisional, what is not known yet is not told.
 */

import { grouped, several } from '../../../words.ts'
import { importedCount } from '../../history-facts.ts'
import type { HistoryFacts } from '../../report.ts'
import { type Block, code, heading, paragraph, type Text } from '../document.ts'

/** @returns nothing where the plan names no history */
export function historyBlocks(history: HistoryFacts | null): readonly Block[] {
  if (history === null) return []
  const { mode, source, interactions, contacts } = history
  const how =
    mode === 'only'
      ? 'It is imported instead of what Engage holds: what only Engage holds does not come back.'
      : 'It is imported besides what Engage holds: what both have comes once, as Engage had it, with what only the new schema names of the source’s.'
  return [
    heading(`What is imported ${mode === 'only' ? 'instead' : 'besides'}: the history of the source system`),
    paragraph(
      `The source system has kept ${several(interactions, 'interaction')} of ${several(contacts, 'contact')}, in the snapshot `,
      code(source),
      `. ${how}`,
    ),
    ...sides(history),
  ]
}

function sides(history: HistoryFacts): readonly Block[] {
  const { mode, compared, merged } = history
  if (compared === null)
    return [paragraph('Both were not compared yet: how much each side lacks is not known.')]
  const imported = importedCount(history) ?? 0
  const entries: ReadonlyArray<readonly [string, Text]> = [
    ['In Engage and in the history of the source', grouped(compared.both)],
    [
      'Only in Engage',
      `${grouped(compared.onlyInEngage)}${mode === 'only' && compared.onlyInEngage > 0 ? ', which will not come back' : ''}`,
    ],
    ['Only in the history of the source', grouped(compared.onlyInSource)],
    ['Of these, of contacts that Engage does not know', grouped(compared.unknown)],
    [
      'Imported afterwards',
      `${grouped(imported)}${merged === null ? ', as far as is known' : ` of ${several(merged.contacts, 'contact')}`}`,
    ],
    ...(merged === null
      ? []
      : ([
          ['Of these, refused by the new schema', grouped(merged.refused.engage + merged.refused.source)],
          [
            'As Engage has them, since what the source knows besides breaks the new schema’s rules',
            grouped(merged.unfit),
          ],
        ] as const)),
  ]
  return [
    ...(merged === null
      ? [
          paragraph(
            'These figures are provisional: both were compared after the base pass. After the final pass they are merged, and counted anew; whether the new schema takes what only the source has is looked at then.',
          ),
        ]
      : []),
    { block: 'facts', entries },
  ]
}
