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
import { type Behaviour, DEFAULT_BEHAVIOUR } from '../../../src/sandbox/behaviour.ts'
import type { TenantEvent as StoredEvent } from '../../../src/sandbox/events.ts'
import { countedGuid } from '../../../src/sandbox/random.ts'
import { deletionOf } from '../../../src/sandbox/schema-routes.ts'
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
  readonly #counts = new Map<TenantEvent['of'], number>()
  /** What the first deletion has taken away. */
  #truth: readonly Interaction[] | undefined
  #lastHeld: readonly Interaction[] = []
  /** Contacts that were gone at that instant: nobody could read their history, so it comes back or it doesn't. */
  #unreadable: ReadonlySet<string> = new Set()
  /** Posted by others since the schema came back: nobody's to touch. */
  readonly #live = new Map<string, Interaction>()
  /** What could be read when the base pass was done. */
  #readable: ReadonlySet<string> = new Set()
  /** What came before the deletion: a pass that had read its contact by then has not seen it. */
  readonly #arrivedBefore = new Set<string>()
  /** Contacts that others have changed before the base pass was done. */
  readonly #stirred = new Set<string>()
  /** How often it was signed that the producers have stopped. */
  #stops = 0
  /** What others have deleted before the schema was, and after how many of these signatures. */
  readonly #taken = new Map<string, { readonly record: Interaction; readonly stops: number }>()
  /** Live arrivals that are equal to a record of history. */
  readonly #equals = new Map<string, Interaction>()
  /** What is in records of which a POST has met a fault. */
  readonly #doubted = new Set<string>()
  #newcomers = 0
  #posted = false
  #broken = false
  /** A deletion that nobody waited for any more has taken the new schema away. */
  #deletedLate = false
  #wrong: string | undefined
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
  serving(kind: RequestKind, request: Request, upgrades: boolean, say: (text: string) => void): void {
    if (kind === 'list' && request.url.includes('continuation=')) this.#dueAt('next-page', upgrades, say)
    if (kind === 'post' && upgrades && !this.#posted) this.#firstPost()
    if (kind === 'delete-schema' && this.#truth === undefined) {
      this.#lastHeld = [...this.#sandbox.tenant.interactionsOfSchema(this.#schema.id)]
      this.#unreadable = this.#goneNow()
    }
    this.#dueAt(kind, upgrades, say)
  }

  #dueAt(kind: TenantEvent['of'], upgrades: boolean, say: (text: string) => void): void {
    const number = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, number)
    for (const event of this.#scenario.events) {
      if (event.of !== kind || number < event.at || this.#done.has(event)) continue
      if (!this.#canHappen(event, upgrades)) continue
      this.#done.add(event)
      say(`${event.what} ${this.#happen(event)}`)
    }
  }

  /** @param request what the server has just answered */
  served(kind: RequestKind, request: Request, response: Response, late: boolean): void {
    if (kind !== 'delete-schema' || !response.ok || !this.#isAbout(request)) return
    if (this.#truth === undefined) this.#truth = this.#lastHeld
    else if (late) {
      this.#deletedLate = true
      this.#live.clear()
    }
  }

  #isAbout(request: Request): boolean {
    return new URL(request.url).pathname.endsWith(`/${this.#schema.id}`)
  }

  /**
   * A deletion that lands when all is there again takes everything, and nobody is there to notice: that can't be helped.
   * It lands where the run has still much to post.
   */
  mayLand(kind: RequestKind, request: Request): boolean {
    if (kind !== 'delete-schema' || this.#truth === undefined || !this.#isAbout(request)) return true
    return this.#sandbox.tenant.countOf(this.#schema.id) * 2 < this.#truth.length
  }

  /** An answer to a POST of this was lost, or worse. */
  doubted(record: Interaction): void {
    this.#doubted.add(this.#contentOf(record))
  }

  /** A process has ended before its time: what it had sent, only its journal knows. */
  broken(): void {
    if (this.isDeleted()) this.#broken = true
  }

  /** @returns whether others have posted to a contact, or to any, what is equal to its history */
  hasEqual(contactId?: string): boolean {
    return [...this.#equals.values()].some(
      (each) => contactId === undefined || this.owner(each.contactId) === this.owner(contactId),
    )
  }

  #contentOf({ createdDate, payload }: Interaction): string {
    return canonicalForm(this.#schema)({ createdDate, payload })
  }

  /** Before anything is posted, reads must have stopped showing what was deleted. */
  #firstPost(): void {
    this.#posted = true
    if (this.#truth === undefined || this.#merged.size > 0) return
    const old = new Set(this.#truth.map(({ id }) => id))
    const { tenant } = this.#sandbox
    const shown = this.contacts.find(
      (id) =>
        this.isThere(id) &&
        tenant
          .shownInteractionsOf(this.#schema.id, id, this.#time.now())
          .some(({ interaction }) => old.has(interaction.id)),
    )
    if (shown !== undefined)
      this.#wrong = `something was posted while contact ${shown} still showed its old history`
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
    if (what === 'arrival-equal') return this.isDeleted() && isThereNow && this.#scenario.misfits === 0
    if (what === 'interaction-deleted') return !this.isDeleted()
    if (what === 'contact-created')
      return this.#stops === 0 && this.#scenario.behaviour['changesActivated'] === true
    if (what === 'deleted-by-others') return upgrades && this.isDeleted() && isThereNow
    return !what.startsWith('recreated') || (this.isDeleted() && !isThereNow)
  }

  #happen({ what, of, contact, spell }: TenantEvent): string {
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
        else this.#arrivedBefore.add(interaction.id)
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
        this.#stir(gone?.id)
        return gone?.id ?? 'nobody'
      }
      case 'contact-merged': {
        // While contacts are read, into one that is not read at about the same time.
        const further = of === 'list' ? Math.ceil(this.contacts.length / 2) : 1
        const into = this.contacts[(contact + further) % this.contacts.length] ?? ''
        if (into === id || this.#goneNow().has(id) || this.#goneNow().has(into)) return 'does not come'
        this.#merged.set(id, into)
        this.#stir(id, into)
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
        tenant.apply(this.#deletion())
        this.#live.clear()
        return this.#schema.id
      case 'interaction-deleted': {
        const [newest] = tenant.interactionsOf(this.#schema.id, id)
        if (newest === undefined) return 'nothing'
        this.#stir(id)
        this.#taken.set(newest.interaction.id, { record: newest.interaction, stops: this.#stops })
        tenant.apply({ type: 'interaction-deleted', id: newest.interaction.id })
        return newest.interaction.id
      }
      case 'contact-created':
        return this.#newcomer(contact)
      case 'arrival-equal': {
        const record = this.#truth?.[contact % this.#truth.length]
        if (record === undefined || !this.isThere(this.owner(record.contactId))) return 'does not come'
        const equal = {
          ...record,
          id: countedGuid(`equals ${this.#scenario.seed}`, this.#equals.size),
          contactId: this.owner(record.contactId),
        }
        tenant.apply({ type: 'interaction-created', origin: 'seed', interaction: equal, at, visibleAt: 0 })
        this.#live.set(equal.id, equal)
        this.#equals.set(equal.id, equal)
        return `${equal.id} like ${record.id} of ${equal.contactId}`
      }
      case 'rate-spent': {
        const { seconds = 0, left = 0 } = spell ?? {}
        const { limit = DEFAULT_BEHAVIOUR.limit } = this.#scenario.behaviour as Partial<Behaviour>
        this.#sandbox.configure({ limit: left })
        void this.#time.sleep(seconds * 1_000).then(() => this.#sandbox.configure({ limit }))
        return `but for ${left} a second, for ${seconds} s`
      }
      case 'places-taken':
        for (let n = tenant.schemas().length; n < 15; n++) {
          const taken = `somebody-elses-${n}`
          tenant.apply({ type: 'schema-created', schema: { ...this.#schema, id: taken }, visibleAt: 0 })
          this.#filled.push(taken)
        }
        return String(this.#filled.length)
    }
  }

  /** What was read of these by the base pass is not to be told from here. */
  #stir(...ids: readonly (string | undefined)[]): void {
    if (this.#readable.size > 0) return
    for (const id of ids) if (id !== undefined) this.#stirred.add(id)
  }

  #deletion(): StoredEvent {
    const { schemaGoneLag = 0, deletionLag = 0 } = this.#scenario.behaviour as Partial<Behaviour>
    return deletionOf(this.#schema.id, { schemaGoneLag, deletionLag }, this.#time.now())
  }

  #newcomer(records: number): string {
    const { tenant } = this.#sandbox
    const at = this.#time.now()
    const id = countedGuid(`newcomers ${this.#scenario.seed}`, this.#newcomers++)
    tenant.apply({ type: 'contact-created', id, contactType: 'Member', at })
    this.#stirred.add(id)
    for (let n = 0; n <= records; n++) {
      const interaction: Interaction = {
        id: countedGuid(`history of ${id}`, n),
        contactId: id,
        schemaId: this.#schema.id,
        createdDate: new Date(at - (n + 1) * 86_400_000).toISOString(),
        payload: this.#anyPayload(),
      }
      tenant.apply({ type: 'interaction-created', origin: 'seed', interaction, at, visibleAt: 0 })
    }
    return id
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
      tenant.apply(this.#deletion())
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
    return (some || this.#deletedLate) && /somebody deleted it while its history was imported/.test(said)
  }

  /** @returns whether the run says that contacts were restored before the deletion, and some were */
  cameBack(said: string): boolean {
    const some = [...this.#done].some(({ what }) => what === 'contact-restored')
    return some && /are there again with interactions that the snapshot lacks/.test(said)
  }

  /** @returns whether the run says that contacts were merged, and some were */
  wereMerged(said: string): boolean {
    return this.#merged.size > 0 && /Contacts were merged since the final pass/.test(said)
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
    if (gate === 'producers-stopped') this.#stops += 1
    if (gate !== 'automations-paused') return
    const calm = this.#visible().filter(
      ({ id, contactId }) => !this.#stirred.has(contactId) && !this.#arrivedBefore.has(id),
    )
    this.#readable = new Set(calm.map(({ id }) => id))
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
    if (this.hasEqual(contactId)) return true
    return [...this.#late].some((late) => this.owner(late) === this.owner(contactId))
  }

  /** What is equal to a record that the run may have posted twice can't be told from it. */
  #mayBeTakenForOurs(record: Interaction): boolean {
    if (!this.#equals.has(record.id)) return false
    const stirred = [...this.#done].some(({ what }) => what !== 'arrival-equal' && what !== 'rate-spent')
    return (
      this.#broken ||
      stirred ||
      this.#deletedLate ||
      this.mayDouble(record.contactId) ||
      this.#doubted.has(this.#contentOf(record))
    )
  }

  /**
   * @param leftToPeople ids that the run has named as too many, and left: equal to one of its own, or that itself
   * @throws Error that names every difference
   */
  assertEnd(folder: string, leftToPeople: readonly string[]): void {
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
      if (gone.has(owner(record.contactId)) || optional.has(key(record)) || this.#taken.has(record.id))
        continue
      // What went along with a merge is there, and said to be; what nobody could ask about any more may be.
      if (isElsewhere(reason)) continue
      count(key(record), -1, mayBeElsewhere(reason) ? 0 : -1)
    }
    if (this.#wrong !== undefined) throw new Error(this.#wrong)
    // Read before it was taken away, and not again: it may be back.
    for (const { record, stops } of this.#taken.values()) if (stops === this.#stops) count(key(record), 0, 1)
    const lost = [...this.#live.values()]
      .filter(
        (each) => this.#sandbox.tenant.interaction(each.id) === undefined && !this.#mayBeTakenForOurs(each),
      )
      .map(({ id }) => id)
    if (lost.length > 0) throw new Error(`interactions that arrived live were deleted: ${lost.join()}`)
    // Where it can't be told from the run's own, it may stand in for that.
    for (const equal of this.#equals.values()) if (this.#live.has(equal.id)) count(key(equal), 0, 1)
    for (const id of leftToPeople) {
      const named = this.#sandbox.tenant.interaction(id)?.interaction
      if (named !== undefined && this.hasEqual(named.contactId)) count(key(named), 0, 1)
    }
    for (const record of this.#visible())
      if (!this.#live.has(record.id) || this.#equals.has(record.id)) count(key(record), -1, -1)
    const lines = [...expected].flatMap(([text, { least, most }]) => {
      if (least > 0 && !optional.has(text)) return [`${least} missing: ${text}`]
      return most < 0 ? [`${-most} too many: ${text}`] : []
    })
    if (lines.length > 0) throw new Error(`the tenant differs:\n${lines.slice(0, 20).join('\n')}`)
    assertNamed(folder, {
      truth: this.#truth,
      // What a contact had that went before the deletion is known where it had been read by then.
      canBeKnown: ({ id, contactId }) => !this.#unreadable.has(contactId) || this.#readable.has(id),
      wasTaken: (id) => this.#taken.has(id),
      held: (id) => this.#sandbox.tenant.interaction(id)?.interaction,
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
