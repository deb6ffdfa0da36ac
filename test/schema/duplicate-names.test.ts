import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { duplicateNames } from '../../src/schema/duplicate-names.ts'
import { DOCUMENTED } from './fixtures.ts'

describe('names that stand twice', () => {
  it.each<[string, readonly string[]]>([
    ['{}', []],
    ['"a"', []],
    ['{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]}', []],
    ['{"a": "a", "b": ":", "c": "{\\"d\\": 1, \\"d\\": 2}"}', []],
    ['{"a": ["a", "a", "b"], "b": "a"}', []],
    ['{"a": 1, "a": 1}', ['a']],
    ['{"a": 1, "a": 2, "a": 3}', ['a', 'a']],
    ['{"a": 1, "\\u0061": 2}', ['a']],
    ['{"a": {"b": {"c": 1, "c d": [], "c d": 1}}}', ['a.b["c d"]']],
    ['[{"a": 1}, [1, {"b": 1, "b": 2}]]', ['[1][1].b']],
    ['{"a": [1, {"x": 1}, {"y": {}, "y": {}}], "b": 1, "a": []}', ['a[2].y', 'a']],
    ['{"__proto__": 1, "__proto__": 2, "\\\\": 1, "\\"": 2, "\\"": 3}', ['__proto__', '["\\""]']],
  ])('%s', (text, paths) => {
    JSON.parse(text)
    expect(duplicateNames(text).map(({ path }) => path)).toEqual(paths)
  })

  it('are told with their line, as errors', () => {
    expect(duplicateNames('{\n"a": 1,\n\n"a": 2}')).toEqual([
      {
        severity: 'error',
        path: 'a',
        message: 'is there twice, again in line 4: only one of the two would count',
        source: 'RFC 8259 (JSON), section 4',
      },
    ])
  })

  it('are none in what the documentation shows', () => {
    for (const name of DOCUMENTED)
      expect(duplicateNames(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))).toEqual(
        [],
      )
  })
})
