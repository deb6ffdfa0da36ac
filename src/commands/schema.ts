/** `schema …`: what a tenant's interaction schemas say, and what is right or wrong about them. */
import type { Command } from './command.ts'
import { schemaDiff } from './schema-diff.ts'
import { schemaLint } from './schema-lint.ts'
import { schemaList } from './schema-list.ts'
import { schemaShow } from './schema-show.ts'

/** In the order of the help. */
export const schema: readonly Command[] = [schemaList, schemaShow, schemaLint, schemaDiff]
