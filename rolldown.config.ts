/**
 * What is published: the sources in a few files, since a process that has to find a hundred and twenty of them takes
 * nearly twice as long to start. What is installed beside them stays where it is.
 */
import { defineConfig } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

const installed = new RegExp(`^(${Object.keys(manifest.dependencies).join('|')})(/|$)`)

export default defineConfig({
  input: 'src/bin.ts',
  platform: 'node',
  external: installed,
  output: { dir: 'dist', cleanDir: true, chunkFileNames: '[name]-[hash].js' },
})
