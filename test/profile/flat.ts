/** Makes a profile of as many contacts as it is told to, and prints how much memory was in use at a tenth, at half and at its end. */
import { profileOf } from '../../src/profile/profile-of.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { AS_OF, contactsOf, type Given } from './sample.ts'

const contacts = Number(process.argv[2])
const schema = schemaOf(
  '{"id": {"type": "string"}, "note": {"type": "string"}, "n": {"type": "number"}, "s": {"type": "string"}}',
  ', "additionalProperties": {"type": "integer"}',
)

function* given(): Generator<readonly Given[]> {
  for (let index = 0; index < contacts; index += 1) {
    // All that there is to be remembered: values, names, reasons, dates, and now and then a text that is long.
    const s = index % 500 === 0 ? `${index}`.padEnd(500_000, 'long ') : (['a', 'b'][index % 2] as string)
    const createdDate = new Date(AS_OF - (index % 20_000) * 86_400_000).toISOString()
    const names = Object.fromEntries(Array.from({ length: 5 }, (_, name) => [`x${index}-${name}`, 'no']))
    const payload = {
      id: `id-${index}`,
      note: `note ${index} `.repeat(20),
      n: index / 7,
      s,
      ...names,
    }
    yield [
      { payload, createdDate },
      { payload: { n: `no ${index}` }, createdDate: `never ${index}` },
    ]
  }
}

const used: number[] = []
const marks = [contacts / 10, contacts / 2, contacts]
await profileOf(contactsOf(given()), {
  ...{ before: schema, after: schema, asOf: AS_OF },
  onProgress(done) {
    if (!marks.includes(done)) return
    // Buffers are given back by another thread, which the next collection waits for.
    for (let again = 0; again < 3; again += 1) globalThis.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    used.push(heapUsed + arrayBuffers)
  },
})
process.stdout.write(JSON.stringify(used))
