/** `snapshots show`: what a snapshot says of itself and, where that is asked for, some of what is in it. */
import { basename } from 'node:path'
import { readConfig } from '../config.ts'
import { EXIT } from '../errors.ts'
import { type Json, stringifyJson } from '../json.ts'
import type { Interaction } from '../model.ts'
import { bytesOf, factLines } from '../report/snapshot-facts.ts'
import { linksOf } from '../snapshot/chain.ts'
import type { Manifest } from '../snapshot/format.ts'
import { manifestAt } from '../snapshot/manifest-file.ts'
import type { Place } from '../snapshot/place.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import type { Opener } from '../snapshot/seal.ts'
import { amountOf, type Command, textOf } from './command.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { FROM, SNAPSHOT, snapshotNamed } from './which-snapshot.ts'

export const snapshotsShow: Command = {
  group: 'snapshots',
  usage: 'show <snapshot>',
  describe: 'what a snapshot says of itself; with --sample, some of its interactions',
  positionals: { snapshot: SNAPSHOT },
  flags: {
    from: FROM,
    identity: IDENTITY,
    sample: { type: 'number', default: 0, describe: 'how many interactions are shown, from the first on' },
  },
  settings: ['data'],
  interrupted: 'Nothing was changed.',
  async run(args, tools) {
    const { output } = tools
    const config = readConfig(args, tools.env, false)
    const opener = openerOf(args, tools.env)
    const size = amountOf(args, 'sample')
    const where = { from: textOf(args, 'from'), config, stop: tools.stop }
    const place = await snapshotNamed(textOf(args, 'snapshot') ?? '', where)
    const manifest = await manifestAt(place)
    const chain = (await linksOf(place)).map((link) => basename(link.place.name))
    output.say(place.name)
    for (const line of factLines(manifest, chain)) output.say(line)
    const sample = size === 0 ? [] : await sampleOf(place, opener, size)
    for (const each of sample) output.say(stringifyJson(each as unknown as Json))
    output.result({ at: place.name, ...resultOf(manifest, chain), sample })
    return EXIT.done
  },
}

async function sampleOf(
  place: Place,
  opener: Opener | undefined,
  size: number,
): Promise<readonly Interaction[]> {
  const snapshot = await openSnapshot(place, opener)
  const sample: Interaction[] = []
  for await (const { interactions } of snapshot.contacts()) {
    sample.push(...interactions.slice(0, size - sample.length))
    if (sample.length >= size) break
  }
  return sample
}

function resultOf(manifest: Manifest, chain: readonly string[]): object {
  const { tenant, schemaId, pass, createdAt, startedAt, finishedAt, contacts, interactions } = manifest
  return {
    ...{ tenant, schemaId, pass, createdAt, startedAt, finishedAt },
    // Of the first version, which had no others.
    complete: manifest.complete ?? true,
    ...{ contacts, interactions, chain, bytes: bytesOf(manifest), digest: manifest.digest },
    parent: manifest.parent?.snapshot ?? null,
    encryption: manifest.encryption ?? null,
    secondLook: manifest.secondLook ?? null,
    forgotten: manifest.forgotten ?? [],
  }
}
