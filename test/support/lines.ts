/** Files of JSON lines, read back. */
import { readFileSync } from 'node:fs'
import { isObject, type JsonObject, parseJson } from '../../src/json.ts'

export function linesOf(file: string): readonly JsonObject[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const value = parseJson(line)
      if (!isObject(value)) throw new Error(`${file} holds a line that is no object`)
      return value
    })
}
