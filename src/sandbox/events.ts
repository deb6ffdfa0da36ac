/**
 * Everything that can happen to a tenant, as values: what the log keeps and the tenant applies.
 * Guarantees: an event holds all that applying it needs (ids, times), so that a replay gives the same tenant.
 * Times are in milliseconds since the epoch.
 */
import type { Interaction, InteractionSchema } from '../model.ts'
import type { Automation } from './automations.ts'

export type TenantEvent =
  | {
      readonly type: 'contact-created'
      readonly id: string
      readonly contactType: string
      readonly at: number
    }
  /** Also brings a deleted contact back. */
  | { readonly type: 'contact-updated'; readonly id: string; readonly at: number }
  | { readonly type: 'contact-deleted'; readonly id: string; readonly at: number }
  /** The contact is deleted; its interactions keep their ids and stand under the other's. */
  | { readonly type: 'contact-merged'; readonly id: string; readonly into: string; readonly at: number }
  | { readonly type: 'schema-created'; readonly schema: InteractionSchema; readonly visibleAt: number }
  | {
      readonly type: 'schema-deleted'
      readonly id: string
      /** Until when reads show it all the same. Absent: it is gone at once. */
      readonly shownUntil?: number
      /** Until when reads show its interactions all the same. Absent: they are gone at once. */
      readonly interactionsShownUntil?: number
    }
  | {
      readonly type: 'interaction-created'
      /** `seed`: history that was there before; it sets nothing off. */
      readonly origin: 'seed' | 'api'
      readonly interaction: Interaction
      readonly at: number
      readonly visibleAt: number
    }
  /** An id was given, but nothing was stored. */
  | { readonly type: 'interaction-ignored' }
  | { readonly type: 'interaction-deleted'; readonly id: string }
  /** An interaction arrived for a schema that is missing. */
  | { readonly type: 'interaction-missed'; readonly schemaId: string }
  | { readonly type: 'automation-set'; readonly automation: Automation }
