import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { accountOf } from '../../../src/providers/openai/account.js'

const baseURL = 'https://api.example.org/v1'
const account = (options: ConstructorParameters<typeof OpenAI>[0] = {}): string =>
  accountOf(new OpenAI({ apiKey: 'sk-one', baseURL, organization: null, project: null, ...options }))

test('an account is its host and eight digits, always the same, in which no key stands', () => {
  expect(account()).toMatch(/^api\.example\.org#[0-9a-f]{8}$/)
  expect(account()).toBe(account())
  expect(account({ apiKey: 'deadbeef' })).not.toContain('deadbeef')
})

test.each([
  ['key', { apiKey: 'sk-two' }],
  ['organisation', { organization: 'org-1' }],
  ['project', { project: 'org-1' }],
  ['server', { baseURL: 'https://api.example.org/other/v1' }],
])('another %s is another account', (_, options) => {
  expect(account(options)).not.toBe(account())
})

test('an organisation is not taken for a project of that name', () => {
  expect(account({ organization: 'a' })).not.toBe(account({ project: 'a' }))
})

test('a client that fetches its keys is known by its host', () => {
  expect(account({ apiKey: () => Promise.resolve('sk-one') })).toBe('api.example.org')
})
