/** `snapshots compact`: one full snapshot of a chain, beside it. */
import { join } from 'node:path'
import { compact } from '../backup/compact.ts'
import { readConfig } from '../config.ts'
import { EXIT } from '../errors.ts'
import { manifestAt } from '../snapshot/manifest-file.ts'
import { sealFor } from '../snapshot/seal.ts'
import { countOf } from '../words.ts'
import { BACKUP_FLAGS, recipientsOf } from './backup-request.ts'
import { lockBackups, lockSchema } from './backup-work.ts'
import { type Command, textOf } from './command.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { snapshotsFolder } from './open.ts'
import { FROM, SNAPSHOT, snapshotNamed } from './which-snapshot.ts'

export const snapshotsCompact: Command = {
  group: 'snapshots',
  usage: 'compact <snapshot>',
  describe: 'write one full snapshot of a chain, beside it; prune then may remove the chain',
  positionals: { snapshot: `${SNAPSHOT}; the last one of the chain` },
  flags: {
    from: FROM,
    identity: IDENTITY,
    'encrypt-to': BACKUP_FLAGS['encrypt-to'],
    'recipients-file': BACKUP_FLAGS['recipients-file'],
  },
  settings: ['data', 'contactsPerPart'],
  interrupted: 'The chain is as it was.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const place = await snapshotNamed(textOf(args, 'snapshot') ?? '', { from: textOf(args, 'from'), config })
    const recipients = recipientsOf(args)
    const { tenant, schemaId } = await manifestAt(place)
    using _backups = lockBackups(config, tenant, tools)
    using _schema = lockSchema(snapshotsFolder(config, tenant, schemaId), { tenant, schemaId }, tools)
    const made = await compact({
      place,
      opener: openerOf(args, tools.env),
      seal: recipients.length === 0 ? undefined : sealFor(recipients),
      contactsPerPart: config.contactsPerPart,
      spoolFor: (stamp) => join(config.data, 'backups', tenant, 'compaction', schemaId, stamp),
      tool: tools.tool,
      stop: tools.stop,
    })
    const { contacts, interactions } = made.manifest
    tools.output.say(
      `${made.place.name}: a full snapshot of ${countOf(interactions.records, 'interaction')} of ${countOf(contacts.listed, 'contact')}, the same as the chain of ${place.name}, proven.`,
    )
    tools.output.say('The chain is as it was. Next: engage-migrate snapshots prune --dry-run …')
    tools.output.result({
      snapshot: made.place.base,
      at: made.place.name,
      of: place.name,
      contacts,
      interactions,
    })
    return EXIT.done
  },
}
