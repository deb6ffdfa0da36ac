/** `snapshots list`: every snapshot in a place, half ones too. */
import { readConfig } from '../config.ts'
import { EXIT } from '../errors.ts'
import { snapshotLines } from '../report/snapshots.ts'
import { type CatalogEntry, catalogOf } from '../snapshot/catalog.ts'
import { type Command, textOf } from './command.ts'
import { rootThere } from './places.ts'

export const snapshotsList: Command = {
  group: 'snapshots',
  usage: 'list [schemaId]',
  describe: 'every snapshot: counts, dates, size, coverage, what it follows',
  positionals: { schemaId: 'only those of this schema' },
  flags: {
    from: {
      type: 'string',
      describe: 'where they are kept, if not in the data folder: a folder, or s3://bucket/prefix',
    },
  },
  settings: ['data'],
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const config = readConfig(args, tools.env, false)
    const root = await rootThere(textOf(args, 'from'), config, tools.stop)
    const schemaId = textOf(args, 'schemaId')
    const all = await catalogOf(root)
    const found = all.filter((each) => schemaId === undefined || each.schemaId === schemaId)
    if (found.length === 0) tools.output.say(`There are no snapshots in ${root.name}.`)
    for (const line of snapshotLines(found, all)) tools.output.say(line)
    tools.output.result({ snapshots: found.map(resultOf) })
    return EXIT.done
  },
}

/** A snapshot as scripts get it. */
export function resultOf({
  tenant,
  schemaId,
  stamp,
  place,
  condition,
  manifest,
  problem,
  bytes,
}: CatalogEntry) {
  return {
    ...{ tenant, schemaId, snapshot: stamp, at: place.name, condition, problem: problem ?? null, bytes },
    pass: manifest?.pass ?? null,
    createdAt: manifest?.createdAt ?? null,
    startedAt: manifest?.startedAt ?? null,
    finishedAt: manifest?.finishedAt ?? null,
    parent: manifest?.parent?.snapshot ?? null,
    encrypted: manifest === undefined ? null : manifest.encryption !== undefined,
    contacts: manifest?.contacts ?? null,
    interactions: manifest?.interactions ?? null,
  }
}
