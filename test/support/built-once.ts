/** Builds the command line before the first test: what the tests run as processes is what is published. */
import type { TestProject } from 'vitest/node'
import { build } from './built.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What Node runs. */
    readonly program: string
  }
}

export default function setup(project: TestProject): () => void {
  const built = build()
  project.provide('program', built.program)
  return () => built[Symbol.dispose]()
}
