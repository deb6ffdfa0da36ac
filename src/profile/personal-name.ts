/**
 * What a property holds of people, by its name: names, addresses, days of birth and national identity numbers have no form that tells
 * them from anything else.
 * Guarantees: pure; whole words count, in English, Swedish, Norwegian, Danish, Finnish and German: productName, storeAddress,
 * birthdayOffer and hotelName are nobody's.
 */

import type { PersonalKind } from './personal-kind.ts'

export interface Named {
  readonly kind: PersonalKind
  /** False where things have it too (`name`, `address`): the values have to say whose it is. */
  readonly sure: boolean
}

const words = (text: string): string => text.trim().split(/\s+/).join('|')

/** Whose it is, or what for, where it is somebody's. */
const PERSON = words(`
  customer contact member user person personal people recipient receiver sender reviewer author guest friend child kid parent
  referrer referee buyer owner holder subscriber client payer participant visitor billing delivery shipping invoice home private
  kund kunds medlem anvandare mottagare avsandare van barn agare leverans faktura hem
  kunde kunden kundens medlems bruker bruger mottaker modtager avsender afsender venn ven eier ejer levering hjem
  asiakas asiakkaan jasen jasenen kayttaja vastaanottaja toimitus laskutus koti
  mitglied benutzer empfaenger empfanger absender lieferung rechnung`)

const GIVEN = words(`
  firstname lastname fullname surname forename givenname familyname middlename maidenname nickname username customername
  fornamn efternamn mellannamn tilltalsnamn smeknamn personnamn kundnamn fornavn etternavn efternavn mellomnavn mellemnavn
  kundenavn etunimi sukunimi kokonimi vorname nachname familienname kundenname`)
const WHICH = words('first last full given family middle maiden sur fore nick birth')
const NAME = words('name namn navn nimi')

const HOME = words(`
  streetaddress homeaddress deliveryaddress shippingaddress billingaddress postaladdress mailingaddress
  gatuadress hemadress postadress leveransadress fakturaadress bostadsadress folkbokforingsadress
  gateadresse hjemmeadresse bostedsadresse postadresse leveringsadresse fakturaadresse folkeregisteradresse
  katuosoite kotiosoite postiosoite toimitusosoite laskutusosoite
  wohnadresse lieferadresse rechnungsadresse postanschrift`)
const ADDRESS = words('address adress adresse osoite anschrift street gata gate gade katu strasse')
const ADDRESS_PART = words('line row rad rivi zeile name namn navn no nr number 1 2 3')

const BIRTH = words(`
  birthdate birthday dateofbirth dob fodelsedatum fodelsedag fodelsedato fodselsdato fodselsdag
  syntymaaika syntymapaiva geburtsdatum geburtstag`)

const ID = words(`
  ssn personnummer personnr persnr personnumer samordningsnummer socialsecuritynumber nationalid nationalidentitynumber
  fodselsnummer fodselsnr cpr cprnr cprnummer cprno hetu henkilotunnus sotu sosiaaliturvatunnus sozialversicherungsnummer
  personalausweisnummer`)

const RULES: ReadonlyArray<readonly [kind: PersonalKind, sure: boolean, pattern: RegExp]> = [
  ['national id', true, new RegExp(`^(?:(?:${PERSON}) )*(?:${ID})(?: (?:no|nr|number|nummer))?$`)],
  [
    'national id',
    true,
    /^(?:\w+ )?(?:social security|national|national identity|personal identity|civic) (?:id|no|nr|number|code)$/,
  ],
  ['national id', false, /^(?:pnr|fnr|personal number|person nr|person number)$/],
  [
    'date of birth',
    true,
    new RegExp(`^(?:(?:${PERSON}) )*(?:${BIRTH}|(?:date|day) of birth|birth(?: (?:date|day|dt))?)$`),
  ],
  ['name of a person', true, new RegExp(`^(?:(?:${PERSON}) )*(?:${GIVEN}|(?:${WHICH}) (?:${NAME}))$`)],
  ['name of a person', true, new RegExp(`^(?:(?:${PERSON}) )+(?:${NAME})$`)],
  ['name of a person', false, new RegExp(`^(?:${NAME})$`)],
  [
    'address',
    true,
    new RegExp(
      `^(?:(?:${PERSON}) )*(?:${HOME}|(?:street|postal|mailing) (?:address|adress|adresse))(?: (?:${ADDRESS_PART}))*$`,
    ),
  ],
  ['address', true, new RegExp(`^(?:(?:${PERSON}) )+(?:${ADDRESS})(?: (?:${ADDRESS_PART}))*$`)],
  ['address', false, new RegExp(`^(?:${ADDRESS})(?: (?:${ADDRESS_PART}))*$`)],
]

/** Where a display name is the only one that says it, it has to be sure: `product` may well be shown as "Name". */
export function namedAs(name: string, displayName: string): Named | undefined {
  const named = kindOf(name)
  if (named !== undefined) return named
  const shown = kindOf(displayName)
  return shown?.sure === true ? shown : undefined
}

function kindOf(name: string): Named | undefined {
  const text = wordsOf(name)
  const joined = text.replaceAll(' ', '')
  const rule = RULES.find(([, , pattern]) => pattern.test(text) || pattern.test(joined))
  return rule && { kind: rule[0], sure: rule[1] }
}

/** In small letters, without accents, one blank between: `födelseDatum_2` is `fodelse datum 2`. */
function wordsOf(name: string): string {
  return name
    .slice(0, 100)
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{L})(\d)/gu, '$1 $2')
    .toLowerCase()
    .replaceAll('ø', 'o')
    .replaceAll('æ', 'a')
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .join(' ')
}
