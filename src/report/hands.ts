/**
 * What people have to do themselves, since there is no API for it, and when.
 * Guarantees: pure; in the order in which it is done; what the plan names is named.
 */
import { ONLY_IN_ENGAGE, ONLY_IN_SOURCE } from '../upgrade/ledger.ts'
import type { Plan } from '../upgrade/plan.ts'
import { signaturesNeeded } from '../upgrade/two-people.ts'
import type { HandWork } from './report.ts'

/** @returns the work of people around an upgrade, first things first */
export function handWork(plan: Plan): readonly HandWork[] {
  const { schemaId, automations, producers = [], templates = [], audiences = [], canaryGate } = plan
  const two = signaturesNeeded('delete-schema', plan) === 2
  return [
    {
      when: 'Before anything is deleted',
      what: `Look which e-mails and segments use ${schemaId}, and tell who works with them: until the import has ended they see only a part of its history.`,
      who: 'Marketing',
      names: [...templates, ...audiences],
      gate: null,
    },
    ...historyWork(plan),
    {
      when: 'Before anything is deleted',
      what: `Pause every automation on "New interaction", and every one on "New specific interaction" of ${schemaId}: Manage status > Paused. There is no API for it.`,
      who: 'Whoever runs the automations in Engage',
      names: automations,
      gate: 'automations-paused',
    },
    {
      when: 'Right before the final pass',
      what: `Stop whatever posts interactions of ${schemaId}, or let it queue.`,
      who: 'Whoever runs these systems',
      names: producers,
      gate: 'producers-stopped',
    },
    {
      when: 'When the final pass is done',
      what: two
        ? 'Read this report, and sign for the deletion: two different people.'
        : 'Read this report, and sign for the deletion.',
      who: two ? 'Two people who may decide on it' : 'Whoever may decide on it',
      names: [],
      gate: 'delete-schema',
    },
    {
      when: 'When the schema is there again',
      what: 'Let the producers start again: what they have queued comes in as usual.',
      who: 'Whoever runs these systems',
      names: producers,
      gate: null,
    },
    ...(canaryGate
      ? [
          {
            when: 'After the first interaction is imported',
            what: 'Look at it on the contact card, and that nothing was sent to the contact.',
            who: 'Marketing',
            names: [],
            gate: 'canary-seen',
          },
        ]
      : []),
    {
      when: 'When all is imported, read back and compared',
      what: 'Resume the automations that were paused.',
      who: 'Whoever runs the automations in Engage',
      names: automations,
      gate: null,
    },
    {
      when: 'Afterwards',
      what: 'Make the segments that the new properties are there for, and look at the e-mails that use them.',
      who: 'Marketing',
      names: [],
      gate: null,
    },
  ]
}

/** What each side lacks is for people to judge: whether it may be so, or something went wrong. */
function historyWork({ history }: Plan): readonly HandWork[] {
  if (history === undefined) return []
  const fate = history.mode === 'only' ? 'does not come back' : 'comes back all the same'
  return [
    {
      when: 'Before anything is deleted',
      what: `Look at what only one side holds: ${ONLY_IN_ENGAGE} (it ${fate}) and ${ONLY_IN_SOURCE} (it comes in new), in the folder of the run.`,
      who: 'Whoever knows the source system',
      names: [],
      gate: null,
    },
  ]
}
