import { expect, test } from 'vitest'
import type { Interaction } from '../../src/model.ts'
import { pairUp } from '../../src/upgrade/pairing.ts'

function records(...texts: readonly string[]): readonly Interaction[] {
  return texts.map((text) => {
    const [id = '', key = ''] = text.split(':')
    return { id, contactId: 'c', schemaId: 's', createdDate: key, payload: {} }
  })
}

function paired(engage: readonly Interaction[], source: readonly Interaction[]) {
  const { both, onlyInEngage, onlyInSource } = pairUp(engage, source, ({ createdDate }) => createdDate)
  const ids = (of: readonly Interaction[]): string => of.map(({ id }) => id).join(' ')
  return [both.map((pair) => ids(pair).replace(' ', '=')).join(' '), ids(onlyInEngage), ids(onlyInSource)]
}

test.each([
  ['nothing', [], [], ['', '', '']],
  ['the same on both sides', ['a:1', 'b:2'], ['y:2', 'x:1'], ['a=x b=y', '', '']],
  ['each side alone', ['a:1'], ['x:2'], ['', 'a', 'x']],
  ['more of it in Engage', ['a:1', 'b:1', 'c:1'], ['x:1'], ['a=x', 'b c', '']],
  ['more of it in the source', ['a:1'], ['x:1', 'y:1', 'z:1'], ['a=x', '', 'y z']],
  ['twins of which two have one id', ['a:1', 'b:1'], ['b:1', 'x:1'], ['a=x b=b', '', '']],
  ['a twin whose id the other one has', ['a:1'], ['x:1', 'a:1'], ['a=a', '', 'x']],
  ['one id for two events', ['a:1'], ['a:2'], ['', 'a', 'a']],
])('pairs %s', (_, engage, source, expected) => {
  expect(paired(records(...engage), records(...source))).toEqual(expected)
})
