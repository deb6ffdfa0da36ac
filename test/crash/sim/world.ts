/**
 * The tenant of a simulation as its owner sees it: what was in it, what happened to it, and what must be in it now.
 * Guarantees: what is expected comes from the tenant's own store at the instant of the deletion, never from anything
 * that the program under test has written.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringifyJson } from '../../../src/json.ts'
import type { Interaction, InteractionSchema } from '../../../src/model.ts'
import type { Sandbox } from '../../../src/sandbox/app.ts'
import { countedGuid } from '../../../src/sandbox/random.ts'
import { SCHEMAS } from '../../../src/sandbox/schemas.ts'
import { canonicalForm } from '../../../src/schema/canonical.ts'
import { assertNamed, refusedIn } from './evidence.ts'
import type { Scenario, TenantEvent } from './scenario.ts'
import type { SimTime } from './time.ts'
import type { RequestKind } from './wire.ts'

export class World {
  readonly contacts: readonly string[]
  readonly firstProperty: string
  readonly #scenario: Scenario
  readonly #sandbox: Sandbox
  readonly #time: SimTime
  readonly #schema: InteractionSchema
  readonly #done = new Set<TenantEvent>()
  readonly #counts = new Map<RequestKind, number>()
  /** What the first deletion has taken away. */
  #truth: readonly Interaction[] | undefined
  #lastHeld: readonly Interaction[] = []
  /** Contacts that were gone at that instant: nobody could read their history, so it comes back or it doesn't. */
  #unreadable: ReadonlySet<string> = new Set()
  /** Posted by others since the schema came back: nobody's to touch. */
  readonly #live = new Map<string, Interaction>()
  /** What could be read when the base pass was done. */
  #readable: ReadonlySet<string> = new Set()
  /** Contacts of which a POST landed, or will land, when nobody waits for it any more. */
  readonly #late = new Set<string>()
  #arrivals = 0
  /** Contacts that were merged into others: what had been posted for them by then stands there. */
  readonly #merged = new Map<string, string>()
  #filled: string[] = []

  constructor(scenario: Scenario, sandbox: Sandbox, time: SimTime) {
    this.#scenario = scenario
    this.#sandbox = sandbox
    this.#time = time
    const schema = SCHEMAS.find(({ id }) => id === scenario.schemaId)
    if (schema === undefined) throw new Error(`no schema ${scenario.schemaId}`)
    this.#schema = schema
    this.contacts = Array.from(sandbox.tenant.contacts(), ({ id }) => id)
    const plain = Object.entries(schema.jsonSchema.properties).find(
      ([, each]) => each['addToSegmentation'] !== 'true',
    )
    this.firstProperty = plain?.[0] ?? ''
  }

  /**
   * The server is about to act: whatever the scenario has happen now, happens.
   * @param upgrades whether an upgrade is at it: what is taken away when all was done is nobody's doing here
   */
  serving(kind: RequestKind, upgrades: boolean, say: (text: string) => void): void {
    const number = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, number)
    if (kind === 'delete-schema' && this.#truth === undefined) {
      this.#lastHeld = [...this.#sandbox.tenant.interactionsOfSchema(this.#schema.id)]
      this.#unreadable = this.#goneNow()
    }
    for (const event of this.#scenario.events) {
      if (event.of !== kind || number < event.at || this.#done.has(event)) continue
      if (!this.#canHappen(event, upgrades)) continue
      this.#done.add(event)
      say(`${event.what} ${this.#happen(event)}`)
    }
  }

  /** @param request what the server has just answered */
  served(kind: RequestKind, request: Request, response: Response): void {
    if (kind !== 'delete-schema' || !response.ok) return
    if (!new URL(request.url).pathname.endsWith(`/${this.#schema.id}`)) return
    this.#truth ??= this.#lastHeld
  }

  /** @returns the contact map that an operator writes: who was merged into whom, as far as that one is there still */
  mergedNow(): readonly (readonly [from: string, to: string])[] {
    return [...this.#merged].filter(([from, to]) => !this.isThere(from) && this.isThere(to))
  }

  isThere(contactId: string): boolean {
    return this.#sandbox.tenant.contact(contactId) !== undefined && !this.#goneNow().has(contactId)
  }

  isDeleted(): boolean {
    return this.#truth !== undefined
  }

  #goneNow(): ReadonlySet<string> {
    const contacts = [...this.#sandbox.tenant.contacts()]
    return new Set(contacts.filter(({ deletedAt }) => deletedAt !== undefined).map(({ id }) => id))
  }

  #visible(): readonly Interaction[] {
    const { tenant } = this.#sandbox
    return [...tenant.interactionsOfSchema(this.#schema.id)].filter(
      ({ contactId }) => tenant.contact(contactId)?.deletedAt === undefined,
    )
  }

  /** Whoever mends what is missing waits until it is, and posts into it then. */
  #canHappen({ what, of }: TenantEvent, upgrades: boolean): boolean {
    const isThereNow = this.#sandbox.tenant.schema(this.#schema.id) !== undefined
    if (what === 'arrival' && of === 'schema') return this.isDeleted() && isThereNow
    if (what === 'deleted-by-others') return upgrades && this.isDeleted() && isThereNow
    return !what.startsWith('recreated') || (this.isDeleted() && !isThereNow)
  }

  #happen({ what, contact }: TenantEvent): string {
    const { tenant } = this.#sandbox
    const id = this.contacts[contact % this.contacts.length] ?? ''
    const at = this.#time.now()
    switch (what) {
      case 'arrival': {
        if (tenant.schema(this.#schema.id) === undefined || tenant.contact(id)?.deletedAt !== undefined)
          return 'does not come'
        const interaction: Interaction = {
          id: countedGuid(`arrivals ${this.#scenario.seed}`, this.#arrivals++),
          contactId: id,
          schemaId: this.#schema.id,
          createdDate: new Date(at).toISOString(),
          payload: this.#anyPayload(),
        }
        tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at, visibleAt: 0 })
        if (this.isDeleted()) this.#live.set(interaction.id, interaction)
        return id
      }
      case 'contact-deleted':
        tenant.apply({ type: 'contact-deleted', id, at })
        return id
      case 'contact-restored': {
        // Who was merged into another one does not come back.
        const gone = [...tenant.contacts()].find(
          (each) => each.deletedAt !== undefined && !this.#merged.has(each.id),
        )
        if (gone !== undefined) tenant.apply({ type: 'contact-updated', id: gone.id, at })
        return gone?.id ?? 'nobody'
      }
      case 'contact-merged': {
        const into = this.contacts[(contact + 1) % this.contacts.length] ?? ''
        if (into === id || this.#goneNow().has(id) || this.#goneNow().has(into)) return 'does not come'
        this.#merged.set(id, into)
        tenant.apply({ type: 'contact-merged', id, into, at })
        return `${id} into ${into}`
      }
      case 'recreated-as-it-was':
        return this.#recreate(this.#schema)
      case 'recreated-as-planned':
        return this.#recreate({ ...this.#schema, jsonSchema: this.#segmentable() })
      case 'recreated-otherwise':
        return this.#recreate({ ...this.#schema, displayName: 'Made by others' })
      case 'deleted-by-others':
        tenant.apply({ type: 'schema-deleted', id: this.#schema.id })
        this.#live.clear()
        return this.#schema.id
      case 'places-taken':
        for (let n = tenant.schemas().length; n < 15; n++) {
          const taken = `somebody-elses-${n}`
          tenant.apply({ type: 'schema-created', schema: { ...this.#schema, id: taken }, visibleAt: 0 })
          this.#filled.push(taken)
        }
        return String(this.#filled.length)
    }
  }

  #recreate(schema: InteractionSchema): string {
    this.#sandbox.tenant.apply({ type: 'schema-created', schema, visibleAt: 0 })
    return schema.id
  }

  /** As the plan has it: the first property can be used in segmentation. */
  #segmentable(): InteractionSchema['jsonSchema'] {
    const { jsonSchema } = this.#schema
    const properties = Object.entries(jsonSchema.properties).map(([name, property]) => [
      name,
      name === this.firstProperty ? { ...property, addToSegmentation: 'true' } : property,
    ])
    return { ...jsonSchema, properties: Object.fromEntries(properties) }
  }

  /** What others have made or posted meanwhile may go, the operator finds. @returns whether that is what is asked for */
  clearedAway(said: string): boolean {
    const { tenant } = this.#sandbox
    if (/neither the old nor the new one|anew in another form|in another form than it was given/.test(said)) {
      tenant.apply({ type: 'schema-deleted', id: this.#schema.id })
    } else if (/interactions that are not in the snapshot/.test(said)) {
      for (const id of this.#live.keys()) tenant.apply({ type: 'interaction-deleted', id })
      // What went with a merge before its answer was heard can't be told from an arrival: it is named, and may go.
      const named = /such as (\S+) of contact/.exec(said)?.[1]
      if (named !== undefined && this.#merged.size > 0)
        tenant.apply({ type: 'interaction-deleted', id: named })
    } else return false
    this.#live.clear()
    return true
  }

  /** Payloads like those of history: an arrival may be equal to an old record in all but its date. */
  #anyPayload(): Interaction['payload'] {
    for (const { payload } of this.#truth ?? this.#sandbox.tenant.interactionsOfSchema(this.#schema.id))
      return payload
    return {}
  }

  /** @returns whether the upgrade waits for a place, which there is now */
  madeRoom(said: string): boolean {
    if (this.#filled.length === 0 || !/place|room/i.test(said)) return false
    const id = this.#filled.pop() as string
    this.#sandbox.tenant.apply({ type: 'schema-deleted', id })
    return true
  }

  /** @returns whether the run says so, and somebody did; they have been talked to */
  othersDeletedIt(said: string): boolean {
    const some = [...this.#done].some(({ what }) => what === 'deleted-by-others')
    return some && /somebody deleted it while its history was imported/.test(said)
  }

  /** @returns whether the run says that contacts were restored before the deletion, and some were */
  cameBack(said: string): boolean {
    const some = [...this.#done].some(({ what }) => what === 'contact-restored')
    return some && /are there again with interactions that the snapshot lacks/.test(said)
  }

  producersHadNotStopped(said: string): boolean {
    return /producers-stopped is void/.test(said) && this.#scenario.events.length > 0
  }

  /** Changes a byte of a snapshot's part. @returns what mends it */
  rot(data: string): () => void {
    const file = readdirSync(data, { recursive: true, encoding: 'utf8' })
      .filter((name) => /interactions-\d+\.ndjson/.test(name))
      .sort()
      .at(-1)
    if (file === undefined) return () => undefined
    const path = join(data, file)
    const bytes = readFileSync(path)
    const changed = Buffer.from(bytes)
    const at = Math.floor(changed.length / 2)
    changed[at] = (changed[at] ?? 0) ^ 0x10
    writeFileSync(path, changed)
    return () => writeFileSync(path, bytes)
  }

  records(): number {
    return this.#truth?.length ?? 0
  }

  /** A person has signed: what had been there to be read by then can be known. */
  signed(gate: string): void {
    if (gate === 'automations-paused') this.#readable = new Set(this.#visible().map(({ id }) => id))
  }

  /** A contact's records are where it was merged into, and on from there. */
  owner(id: string): string {
    const into = this.#merged.get(id)
    return into === undefined ? id : this.owner(into)
  }

  /** A POST of this contact's lands when nobody waits for it any more. */
  landsLate(contactId: string): void {
    this.#late.add(contactId)
  }

  /** @returns whether something of a contact's, or of any, landed so late that nobody could have known */
  mayDouble(contactId?: string): boolean {
    const { behaviour, settings } = this.#scenario
    if (longest(behaviour['lag']) > Number(settings['settle']) * 1_000) return true
    if (contactId === undefined) return this.#late.size > 0
    return [...this.#late].some((late) => this.owner(late) === this.owner(contactId))
  }

  /** @throws Error that names every difference */
  assertEnd(folder: string): void {
    if (this.#truth === undefined) throw new Error('nothing was deleted')
    const schema = this.#sandbox.tenant.schema(this.#schema.id)
    if (schema === undefined) throw new Error('the schema is not there')
    const keyOf = canonicalForm(schema.schema)
    // Where the server keeps records as they come, nothing but the bytes counts.
    const exact =
      this.#scenario.behaviour['keeps'] === undefined || this.#scenario.behaviour['keeps'] === 'as-is'
    // A merged contact's records are where it went, or were refused since it was gone.
    const owner = (id: string): string => this.owner(id)
    const key = ({ contactId, createdDate, payload }: Interaction): string =>
      exact
        ? `${owner(contactId)} ${Date.parse(createdDate)} ${stringifyJson(payload)}`
        : `${owner(contactId)} ${keyOf({ createdDate, payload })}`
    const rejected = refusedIn(folder)
    const unexplained = rejected.filter(({ reason }) => reason === '')
    if (unexplained.length > 0) throw new Error(`${unexplained.length} were refused without a reason`)
    const gone = this.#goneNow()
    /** How often each must be there at least, and may be at most. */
    const expected = new Map<string, { least: number; most: number }>()
    const count = (text: string, least: number, most: number): void => {
      const known = expected.get(text) ?? { least: 0, most: 0 }
      expected.set(text, { least: known.least + least, most: known.most + most })
    }
    const optional = new Set(this.#truth.filter(({ contactId }) => this.#unreadable.has(contactId)).map(key))
    for (const record of this.#truth) if (!gone.has(owner(record.contactId))) count(key(record), 1, 1)
    // What landed late at a contact that was merged is under another one, and nobody has said which.
    if (!this.#scenario.mapped) {
      for (const record of this.#truth)
        if (this.#merged.has(record.contactId) && this.mayDouble(record.contactId))
          count(key(record), 0, Number.POSITIVE_INFINITY)
    }
    for (const { record, reason } of rejected) {
      if (gone.has(owner(record.contactId)) || optional.has(key(record))) continue
      // What went along with a merge is there, and said to be; what nobody could ask about any more may be.
      if (isElsewhere(reason)) continue
      count(key(record), -1, mayBeElsewhere(reason) ? 0 : -1)
    }
    const lost = [...this.#live.keys()].filter((id) => this.#sandbox.tenant.interaction(id) === undefined)
    if (lost.length > 0) throw new Error(`interactions that arrived live were deleted: ${lost.join()}`)
    for (const record of this.#visible()) if (!this.#live.has(record.id)) count(key(record), -1, -1)
    const lines = [...expected].flatMap(([text, { least, most }]) => {
      if (least > 0 && !optional.has(text)) return [`${least} missing: ${text}`]
      return most < 0 ? [`${-most} too many: ${text}`] : []
    })
    if (lines.length > 0) throw new Error(`the tenant differs:\n${lines.slice(0, 20).join('\n')}`)
    assertNamed(folder, {
      truth: this.#truth,
      // What a contact had that went before the deletion is known where it had been read by then.
      canBeKnown: ({ id, contactId }) => !this.#unreadable.has(contactId) || this.#readable.has(id),
      wasTaken: () => false,
      held: (id) => this.#sandbox.tenant.interaction(id)?.interaction,
      owner,
      key,
    })
  }
}

function isElsewhere(reason: string): boolean {
  return / is under contact /.test(reason)
}

function mayBeElsewhere(reason: string): boolean {
  return /can't be asked about/.test(reason)
}

/** @param lag of the sandbox: milliseconds, or a range of them */
function longest(lag: unknown): number {
  return typeof lag === 'number' ? lag : ((lag as { readonly max: number } | undefined)?.max ?? 0)
}
