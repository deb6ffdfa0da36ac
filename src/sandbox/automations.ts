/**
 * Automations that react to interactions, as a tenant has them: what they would have sent.
 * Guarantees: only an active automation counts anything; nothing is ever sent.
 * Source: "Automations" (the two triggers) and "/interactionschemas" (dead letters) of the product documentation.
 */
import { type Json, type JsonObject, toPlain } from '../json.ts'

export type Trigger =
  | { readonly kind: 'new-interaction' }
  | {
      readonly kind: 'new-specific-interaction'
      readonly schemaId: string
      /** Together: only interactions whose property has this value. */
      readonly property?: string
      readonly value?: string | number | boolean
    }

export interface Automation {
  readonly name: string
  readonly trigger: Trigger
  readonly active: boolean
}

export interface AutomationCount extends Automation {
  /** How many messages contacts would have received. */
  readonly sent: number
  readonly deadLetters: number
}

/** What a tenant of the sandbox starts with: one automation of each trigger, both active. */
export const DEFAULT_AUTOMATIONS: readonly Automation[] = [
  {
    name: 'Thank-you e-mail',
    trigger: { kind: 'new-specific-interaction', schemaId: 'completedProductRating' },
    active: true,
  },
  { name: 'Any interaction follow-up', trigger: { kind: 'new-interaction' }, active: true },
]

/** The automations of one tenant and their counts. */
export class Automations {
  readonly #byName = new Map<string, AutomationCount>()

  /** Adds the automation, or replaces its trigger and status; its counts stay. */
  set(automation: Automation): void {
    const { sent, deadLetters } = this.#byName.get(automation.name) ?? { sent: 0, deadLetters: 0 }
    this.#byName.set(automation.name, { ...automation, sent, deadLetters })
  }

  get(name: string): AutomationCount | undefined {
    return this.#byName.get(name)
  }

  list(): readonly AutomationCount[] {
    return [...this.#byName.values()]
  }

  /** @returns whether an active automation waits for interactions of this schema in particular. */
  waitsFor(schemaId: string): boolean {
    return this.list().some((each) => each.active && isSpecific(each.trigger, schemaId))
  }

  /**
   * Counts what an interaction sets off.
   * @param broken the schema lost a property that it once had, so triggers built on it don't progress.
   */
  received(schemaId: string, payload: JsonObject, broken: boolean): void {
    for (const each of this.#byName.values()) {
      if (!each.active) continue
      if (each.trigger.kind === 'new-interaction') this.#count(each, 'sent')
      else if (!isSpecific(each.trigger, schemaId)) continue
      else if (broken) this.#count(each, 'deadLetters')
      else if (hasValue(each.trigger, payload)) this.#count(each, 'sent')
    }
  }

  /** Counts an interaction that arrived while its schema was missing. */
  missed(schemaId: string): void {
    for (const each of this.#byName.values()) {
      if (each.active && isSpecific(each.trigger, schemaId)) this.#count(each, 'deadLetters')
    }
  }

  #count(automation: AutomationCount, what: 'sent' | 'deadLetters'): void {
    this.#byName.set(automation.name, { ...automation, [what]: automation[what] + 1 })
  }
}

function isSpecific(trigger: Trigger, schemaId: string): boolean {
  return trigger.kind === 'new-specific-interaction' && trigger.schemaId === schemaId
}

function hasValue(trigger: Trigger, payload: JsonObject): boolean {
  if (trigger.kind !== 'new-specific-interaction' || trigger.property === undefined) return true
  if (!Object.hasOwn(payload, trigger.property)) return false
  const value: Json = payload[trigger.property] ?? null
  return trigger.value === undefined || toPlain(value) === trigger.value
}
