/**
 * What the sandbox can be told, below its help.
 * Guarantees: every kind of fault and every field of a rule is in it, since it is made of them.
 */
import { FAULT_FIELDS, FAULT_KINDS } from './faults.ts'

const ROUTES: readonly (readonly [string, string])[] = [
  ['GET    /sandbox/stats', 'what it has seen, and automations sent'],
  ['GET    /sandbox/interactions', 'all of them; of one schema: ?schemaId=ID'],
  ['GET    /sandbox/automations', 'which there are, and which are active'],
  ['POST   /sandbox/automations', '{"name": NAME, "active": false} pauses one'],
  ['POST   /sandbox/faults', '[RULE, …] in place of all; [] empties them'],
  ['POST   /sandbox/options', '{"lag": 5000}: other behaviour from now on'],
  ['POST   /sandbox/contacts', '{"id": ID}: a new one, or one restored'],
  ['DELETE /sandbox/contacts/ID', 'deletes a contact'],
  ['POST   /sandbox/contacts/ID/merge', '{"into": ID} merges it into another'],
]

export const SANDBOX_HELP = [
  'A fault is a rule, of one of these kinds:',
  ...lines(Object.entries(FAULT_KINDS)),
  '',
  'Besides kind it may have:',
  ...lines(Object.entries(FAULT_FIELDS)),
  '',
  'While it runs (no key is needed):',
  ...lines(ROUTES),
].join('\n')

function lines(entries: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
}
