/**
 * The strategy "in place": the documentation's five steps ("Upgrading"), as this project takes them.
 * Guarantees: the order is the promise. Nothing is deleted before it is exported and proven, nothing is imported
 * before the schema is back and has been compared.
 */

import { basePass } from './base-pass.ts'
import { canary } from './canary.ts'
import { deleteOldSchema } from './deletion.ts'
import { deletionApproved } from './deletion-gate.ts'
import { finalPass } from './final-pass.ts'
import { automationsPaused, canarySeen, producersStopped, rollBackApproved } from './gates.ts'
import { compareHistory } from './history-comparison.ts'
import { MERGE } from './imported.ts'
import { importHistory, leaveEvidence } from './importing.ts'
import { BACK, FORTH, type Lot } from './lot.ts'
import { merge } from './merging.ts'
import { proveCreation } from './preflight.ts'
import { recreate } from './recreation.ts'
import { clearNewSchema } from './roll-back.ts'
import type { Action, Strategy } from './strategy.ts'
import { verifyHistory } from './verification.ts'

/** What follows which action where there is a history of the source. */
const WITH_HISTORY: Readonly<Record<string, readonly Action[]>> = {
  'base-pass': [
    {
      kind: 'read',
      name: 'history-comparison',
      title: 'comparing what Engage holds with the history of the source',
      run: compareHistory,
    },
  ],
  'final-pass': [
    {
      kind: 'read',
      name: MERGE,
      title: 'merging the history of the source with what Engage holds',
      run: merge,
    },
  ],
}

export const inPlace: Strategy = [
  // The documentation's: 1. Confirm interactions exist
  {
    name: 'export',
    title: 'Export every interaction, while the tenant lives',
    actions: [{ kind: 'read', name: 'base-pass', title: 'reading every contact (base pass)', run: basePass }],
  },
  // The documentation's: "You will need to pause all automations"
  {
    name: 'pause-automations',
    title: 'Pause automations, stop producers, and read what arrived meanwhile',
    actions: [
      automationsPaused,
      producersStopped,
      { kind: 'read', name: 'final-pass', title: 'reading the contacts again (final pass)', run: finalPass },
    ],
  },
  // The documentation's: 2. Delete the schema
  {
    name: 'delete-schema',
    title: 'Prove that the new schema can be created, then delete the old one',
    actions: [
      {
        kind: 'write',
        name: 'preflight',
        title: 'trying the new schema under a throwaway id',
        run: proveCreation,
      },
      deletionApproved,
      {
        kind: 'write',
        name: 'deletion',
        title: 'checking everything once more, then deleting',
        run: deleteOldSchema,
      },
    ],
  },
  // The documentation's: 3. Recreate the schema, 4. Save the schema
  {
    name: 'recreate-schema',
    title: 'Recreate the schema under the same id',
    actions: [
      {
        kind: 'write',
        name: 'recreation',
        title: 'creating the new schema and reading it back',
        run: (context) => recreate(context, FORTH),
      },
    ],
  },
  // The documentation's: 5. Import old interactions
  {
    name: 'import',
    title: 'Import the history and read it back',
    actions: importActions(FORTH, ''),
  },
]

/** The same, where the source system has kept the history: it is held against what Engage holds, and both are merged. */
export const inPlaceWithHistory: Strategy = inPlace.map((step) => ({
  ...step,
  actions: step.actions.flatMap((action) => [action, ...(WITH_HISTORY[action.name] ?? [])]),
}))

/** The way back, once the old schema is deleted and the new one is refused. */
export const rollBack: Strategy = [
  // The documentation's: 3. and 4., with the old schema
  {
    name: 'roll-back',
    title: 'Recreate the old schema as it was',
    actions: [
      rollBackApproved,
      {
        kind: 'write',
        name: 'roll-back-clearing',
        title: 'taking the new schema away, where it is there',
        run: clearNewSchema,
      },
      {
        kind: 'write',
        name: 'roll-back-recreation',
        title: 'creating the old schema and reading it back',
        run: (context) => recreate(context, BACK),
      },
    ],
  },
  // The documentation's: 5. Import old interactions
  {
    name: 'import',
    title: 'Import the history into the old schema and read it back',
    // Signed on the way forth; void where a run that had ended is taken up again.
    actions: [
      automationsPaused,
      ...importActions(BACK, 'roll-back-').filter((action) => action !== canarySeen),
    ],
  },
]

function importActions(lot: Lot, prefix: string): readonly Action[] {
  return [
    {
      kind: 'write',
      name: `${prefix}canary`,
      title: 'posting one interaction and reading it back',
      run: (context) => canary(context, lot),
    },
    canarySeen,
    {
      kind: 'write',
      name: `${prefix}import`,
      title: 'posting the interactions',
      run: (context) => importHistory(context, lot),
    },
    {
      kind: 'write',
      name: `${prefix}verification`,
      title: 'reading every contact with history back',
      run: (context) => verifyHistory(context, lot),
    },
    {
      kind: 'read',
      name: `${prefix}evidence`,
      title: 'writing id-map.ndjson and rejected.ndjson',
      run: (context) => leaveEvidence(context, lot),
    },
  ]
}
