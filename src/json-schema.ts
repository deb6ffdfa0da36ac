/**
 * Whether a schema is one of JSON Schema 2020-12 at all, the dialect of Engage's schemas ("Creating a schema").
 * Guarantees: the dialect's own schema is compiled once in a process, and only where it is needed: that takes longer
 * than all else that is done with a schema. No schema is kept.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'

let dialect: Ajv2020 | undefined

/** @throws Error that says what breaks the rules of the dialect; the schema can be compiled unchecked otherwise */
export function assertJsonSchema(schema: object): void {
  dialect ??= new Ajv2020({ strict: false, logger: false, ownProperties: true })
  dialect.validateSchema(schema, true)
}
