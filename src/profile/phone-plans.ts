/**
 * Whether a row of digits is a phone number somewhere in Europe.
 * Guarantees: what is called one is valid by libphonenumber's rules, and a line that a person may have: no premium rate, no service;
 * memory of one size.
 */
import type { CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

interface Plan {
  readonly country: CountryCode
  readonly calling: string
  /** How mobile numbers begin, behind the calling code: a cheap look, the library has the last word. */
  readonly mobile: RegExp
  /** Whether a 0 is dialled first within the country. */
  readonly trunk: boolean
}

/** Denmark is not among them, whose mobile numbers begin with anything. */
const PLANS: readonly Plan[] = [
  { country: 'SE', calling: '46', mobile: /^7[02369]/, trunk: true },
  { country: 'FI', calling: '358', mobile: /^(?:4|50)/, trunk: true },
  { country: 'NO', calling: '47', mobile: /^[49]/, trunk: false },
  { country: 'GB', calling: '44', mobile: /^7[1-9]/, trunk: true },
  { country: 'DE', calling: '49', mobile: /^1[567]/, trunk: true },
  { country: 'NL', calling: '31', mobile: /^6/, trunk: true },
  { country: 'FR', calling: '33', mobile: /^[67]/, trunk: true },
  { country: 'AT', calling: '43', mobile: /^6[5-9]/, trunk: true },
  { country: 'CH', calling: '41', mobile: /^7[4-9]/, trunk: true },
  { country: 'BE', calling: '32', mobile: /^4[5-9]/, trunk: true },
  { country: 'IE', calling: '353', mobile: /^8[3-9]/, trunk: true },
  { country: 'EE', calling: '372', mobile: /^5/, trunk: false },
  { country: 'PL', calling: '48', mobile: /^[4-8]/, trunk: false },
  { country: 'ES', calling: '34', mobile: /^[67]/, trunk: false },
]

/** Whose fixed lines are known without anything else saying that a phone number is meant. */
const FIXED: readonly CountryCode[] = ['SE', 'FI']

/** In the order in which they are tried where one is meant. */
const COUNTRIES: readonly CountryCode[] = [...PLANS.map(({ country }) => country), 'DK', 'IS', 'IT']

const LINES: ReadonlySet<string | undefined> = new Set(['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE'])

/** So many answers are kept: the numbers of one contact come one after the other. */
const KEPT = 16_384

export class PhonePlans {
  readonly #parse: typeof parsePhoneNumberFromString
  readonly #answers = new Map<string, boolean>()

  private constructor(parse: typeof parsePhoneNumberFromString) {
    this.#parse = parse
  }

  /** The library's tables take long to load, and few commands need them. */
  static async load(): Promise<PhonePlans> {
    const { parsePhoneNumberFromString } = await import('libphonenumber-js/max')
    return new PhonePlans(parsePhoneNumberFromString)
  }

  /** @param digits what follows a + or 00 */
  international(digits: string): boolean {
    return digits.length >= 8 && digits.length <= 15 && this.#isLine(`+${digits}`)
  }

  /** @param digits a calling code and what follows it */
  mobileWithCode(digits: string): boolean {
    return PLANS.some(
      ({ calling, mobile }) =>
        digits.startsWith(calling) && mobile.test(digits.slice(calling.length)) && this.#isLine(`+${digits}`),
    )
  }

  /** @param digits as dialled within a country, with the 0 */
  mobileWithTrunk(digits: string): boolean {
    const rest = digits.slice(1)
    return PLANS.some(
      ({ calling, mobile, trunk }) => trunk && mobile.test(rest) && this.#isLine(`+${calling}${rest}`),
    )
  }

  /** @param digits as dialled within a country, with the 0 */
  national(digits: string): boolean {
    return FIXED.some((country) => this.#isLine(digits, country)) || this.mobileWithTrunk(digits)
  }

  /** @param digits of what is meant for a phone number, with a calling code or not */
  meant(digits: string): boolean {
    return COUNTRIES.some((country) => this.#isLine(digits, country)) || this.international(digits)
  }

  #isLine(number: string, country?: CountryCode): boolean {
    const question = `${country ?? ''}${number}`
    const known = this.#answers.get(question)
    if (known !== undefined) return known
    // A number that is not valid has no type.
    const answer = LINES.has(this.#parse(number, country)?.getType())
    if (this.#answers.size >= KEPT) this.#answers.clear()
    this.#answers.set(question, answer)
    return answer
  }
}
