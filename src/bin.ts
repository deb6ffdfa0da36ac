#!/usr/bin/env node
/**
 * The program's door.
 * Guarantees: a Node that is too old is told so in one line. Nothing is imported before that is known, and this
 * file is written so that old Nodes can read it.
 */
const LEAST: readonly [number, number] = [24, 15]

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `engage-migrate needs Node ${LEAST.join('.')} or newer; this is ${process.versions.node}.\n`,
  )
  process.exitCode = 2
} else {
  import('./cli.ts').then(({ main }) => main())
}
