/** Makes a profile of as many contacts as it is told to, and prints how much memory was in use at a tenth, at half and at its end. */
import { profileOf } from '../../src/profile/profile-of.ts'
import { schemaOf } from '../schema/fixtures.ts'
import { AS_OF, contactsOf, type Given } from './sample.ts'

const contacts = Number(process.argv[2])
const schema = schemaOf(
  '{"id": {"type": "string"}, "note": {"type": "string"}, "n": {"type": "number"}, "s": {"type": "string"}}',
)

function* given(): Generator<readonly Given[]> {
  for (let index = 0; index < contacts; index += 1) {
    // All that there is to be remembered: values, names, reasons, dates, and a long text now and then.
    const note = `note ${index} `.repeat(index % 1000 === 0 ? 20_000 : 20)
    const createdDate = new Date(AS_OF - (index % 20_000) * 86_400_000).toISOString()
    const payload = {
      id: `id-${index}`,
      note,
      n: index / 7,
      s: ['a', 'b'][index % 2] as string,
      [`x${index}`]: 1,
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
    globalThis.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    used.push(heapUsed + arrayBuffers)
  },
})
process.stdout.write(JSON.stringify(used))
