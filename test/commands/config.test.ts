import { describe, expect, it } from 'vitest'
import { readConfig, SETTINGS } from '../../src/config.ts'

const ENGAGE = { ENGAGE_BASE_URL: 'https://acme.voyado.com', ENGAGE_API_KEY: 'key' }

describe('a setting that is empty', () => {
  const defaults = readConfig({}, {}, false)

  it.each(Object.values(SETTINGS).map(({ env, flag }) => [env, flag] as const))(
    'in %s counts as not set, as --%s does',
    (env, flag) => {
      for (const empty of ['', ' ']) {
        expect(readConfig({}, { [env]: empty }, false)).toEqual(defaults)
        expect(readConfig({ [flag]: empty }, {}, false)).toEqual(defaults)
      }
    },
  )

  it.each(['ENGAGE_MIGRATE_CONFIG', 'ENGAGE_API_KEY'])('in %s counts as not set', (env) => {
    expect(readConfig({}, { [env]: '' }, false)).toEqual(defaults)
  })

  it('lets the next source speak', () => {
    expect(readConfig({ rate: '' }, { ENGAGE_MIGRATE_RATE: '7' }, false)).toMatchObject({ rate: 7 })
  })

  it('is missed where something must be there', () => {
    expect(() => readConfig({}, { ...ENGAGE, ENGAGE_BASE_URL: '' }, true)).toThrow('the tenant is not named')
    expect(() => readConfig({}, { ...ENGAGE, ENGAGE_API_KEY: '' }, true)).toThrow('there is no API key')
  })
})

it('a data folder is none of an object store', () => {
  for (const data of ['s3://bucket/prefix', 'https://x/y'])
    expect(() => readConfig({ data }, {}, false)).toThrow('must be a folder on this machine')
  expect(readConfig({ data: 'C:/data' }, {}, false)).toMatchObject({ data: 'C:/data' })
})
