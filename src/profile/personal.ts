/**
 * Personal data among the values of a property.
 * Guarantees: every value counts; none is kept; flat memory.
 *
 * An e-mail address, and a phone number that begins with a + or stands in a sentence, is one wherever it is. 0701234567 may be an
 * article as well, 46701234567 an order, and 900101-1239 a receipt: those are phone numbers and national ids where nearly all that
 * are written like them in the property are, and contacts do not have the same ones; or where the property's name says so. Versions
 * and categories are numbered like IP addresses (1.10.2.3): they are what contacts have in common.
 */
import { holdsEmail } from './email.ts'
import { holdsIpAddress } from './ip-address.ts'
import { ID_DRESSES, type IdDress, type IdLikenesses, idsIn } from './national-id.ts'
import type { PersonalKind } from './personal-kind.ts'
import type { Named } from './personal-name.ts'
import { type Dress, type Likenesses, phonesIn } from './phone.ts'
import type { PhonePlans } from './phone-plans.ts'
import type { PropertyProfile } from './profile.ts'

/** Of what is written alike: a few are mistyped, and of numbers for something else a third or so is valid by chance. */
const NEARLY_ALL = 0.8
/** From so many contacts on, it tells something whether they have values of their own. */
const ENOUGH = 100
/** The same where the property's name already says that it is likely. */
const ENOUGH_NAMED = 20

const DRESSES: readonly Dress[] = ['spaced', 'trunk', 'code']

/** What one value holds, whatever others do. */
export interface Traces {
  readonly email: boolean
  /** True where there is a phone number; else what may be one. */
  readonly phone: true | Likenesses
  readonly ids: IdLikenesses
  readonly ip: boolean
}

export const NO_TRACES: Traces = { email: false, phone: {}, ids: {}, ip: false }

/** What a property's name says of the values that it is for. */
export interface Meant {
  readonly phones: boolean
  /** Whether what looks like an IP address is something else. */
  readonly versions: boolean
}

/** What is known of the values by how they are shared out. */
export interface Spread {
  readonly filled: number
  /** How many different values there are. */
  readonly distinct: number
  readonly contacts: number
  /** How many different values each contact has, of all contacts together. */
  readonly owned: number
}

/** What was found, and of a value whether it is one of those that hold it. */
export interface Found {
  readonly kinds: PropertyProfile['personal']
  holds(traces: Traces): boolean
}

/** @param text a value: a text, or a number as its text */
export function tracesIn(text: string, plans: PhonePlans, meant: Meant): Traces {
  return {
    email: holdsEmail(text),
    phone: phonesIn(text, plans, meant.phones),
    ids: idsIn(text),
    ip: !meant.versions && holdsIpAddress(text),
  }
}

/** How many are dressed like something, and how many of them are valid. */
class Dresses<Name extends string> {
  readonly #names: readonly Name[]
  readonly #alike = new Map<Name, number>()
  readonly #valid = new Map<Name, number>()

  constructor(names: readonly Name[]) {
    this.#names = names
  }

  add(likenesses: { readonly [name in Name]?: boolean }): void {
    for (const name of this.#names) if (likenesses[name] !== undefined) increment(this.#alike, name)
    // A value counts once, whatever else it has.
    const valid = this.#names.find((name) => likenesses[name])
    if (valid !== undefined) increment(this.#valid, valid)
  }

  /**
   * @param isLikely whether so many values may be what they look like
   * @returns those in which nearly all are valid
   */
  likely(isLikely: (count: number) => boolean): readonly Name[] {
    return this.#names.filter((name) => {
      const valid = this.valid(name)
      return valid >= (this.#alike.get(name) ?? 0) * NEARLY_ALL && isLikely(valid)
    })
  }

  valid(name: Name): number {
    return this.#valid.get(name) ?? 0
  }
}

export class PersonalData {
  #emails = 0
  #phones = 0
  #ips = 0
  readonly #phoneDresses = new Dresses<Dress>(DRESSES)
  readonly #idDresses = new Dresses<IdDress>(ID_DRESSES)

  add({ email, phone, ids, ip }: Traces): void {
    if (email) this.#emails += 1
    if (ip) this.#ips += 1
    this.#idDresses.add(ids)
    if (phone === true) this.#phones += 1
    else this.#phoneDresses.add(phone)
  }

  /** @param named what the property's name says that the values are */
  found(spread: Spread, named: Named | undefined): Found {
    const { filled, distinct, contacts, owned } = spread
    const inCommon = distinct * 2 < owned
    const shared = contacts >= ENOUGH && inCommon
    // What most values look like is something else where contacts have it in common; a few of them may have strayed there.
    const likely = (count: number): boolean => !(shared && count * 2 > filled)
    const phones = this.#phoneDresses.likely(likely)
    const ids = this.#idDresses.likely(likely)
    const ips = likely(this.#ips)
    const counts = new Map<PersonalKind, number>([
      ['e-mail address', this.#emails],
      ['phone number', phones.reduce((sum, dress) => sum + this.#phoneDresses.valid(dress), this.#phones)],
      ['national id', ids.reduce((sum, dress) => sum + this.#idDresses.valid(dress), 0)],
      ['IP address', ips ? this.#ips : 0],
    ])
    const byName = named !== undefined && (named.sure || !inCommon || contacts < ENOUGH_NAMED)
    if (byName) counts.set(named.kind, filled)
    return {
      kinds: Array.from(counts, ([kind, count]) => ({ kind, count })).filter(({ count }) => count > 0),
      holds: ({ email, phone, ids: likeIds, ip }) =>
        byName ||
        email ||
        phone === true ||
        (ips && ip) ||
        ids.some((dress) => likeIds[dress]) ||
        phones.some((dress) => phone[dress]),
    }
  }
}

/** @returns whether a name, of which there are no others to compare it with, holds such a thing itself */
export function isPersonal(name: string, plans: PhonePlans): boolean {
  const { email, phone, ids, ip } = tracesIn(name, plans, { phones: false, versions: false })
  if (email || ip || phone === true) return true
  return DRESSES.some((dress) => phone[dress]) || ID_DRESSES.some((dress) => ids[dress])
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
