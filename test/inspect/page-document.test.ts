import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { generatorMeta, generatorMetaBytes, pageDocument } from '../../src/inspect/page-document.js'
import { historyOf } from '../../src/engine/phase-history.js'
import type { ExportedInspection } from '../../src/inspect/protocol.js'

const page = { title: 't', root: null, mode: 'export', canCommand: false, nowMs: 0, isOver: true } as const
const data = (title: string): ExportedInspection => ({
  page: { ...page, title },
  triples: [],
  details: {},
  replays: {},
  history: historyOf([], 0),
  failedForGood: [],
  tokens: [],
})
const assets = { script: 'start()', style: 'p {}' }
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const scriptsIn = (html: string): readonly string[] =>
  [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text = '']) => text)

describe('the document of the page', () => {
  test('allows its own script and style alone, by their hashes', () => {
    const { html, contentSecurityPolicy } = pageDocument({ ...assets, title: 't', data: null })
    expect(contentSecurityPolicy).toBe(
      `default-src 'none'; script-src ${hash('start()')}; style-src ${hash('p {}')}; connect-src 'self'; base-uri 'none'; form-action 'none'`,
    )
    expect(scriptsIn(html)).toEqual(['start()'])
    expect(html).not.toContain('http-equiv')
  })

  test('with data carries its policy itself, and may connect to nobody', () => {
    const { html, contentSecurityPolicy } = pageDocument({ ...assets, title: 't', data: data('t') })
    expect(contentSecurityPolicy).toContain("connect-src 'none'")
    expect(html).toContain(`content="${contentSecurityPolicy.replaceAll("'", '&#39;')}"`)
    expect(html.indexOf('http-equiv')).toBeLessThan(html.indexOf('<script'))
  })

  test('is hashed as a browser reads it: without carriage returns', () => {
    const { contentSecurityPolicy } = pageDocument({ script: 'a\r\nb', style: 'c\rd', title: '', data: null })
    expect(contentSecurityPolicy).toContain(hash('a\nb'))
    expect(contentSecurityPolicy).toContain(hash('c\nd'))
  })

  test('keeps texts within the script from ending it', () => {
    const script = 'const texts = ["</script>", "</SCRIPT >", "<!--<script>"]'
    const { html, contentSecurityPolicy } = pageDocument({ script, style: '', title: '', data: null })
    const [inline = ''] = scriptsIn(html)
    expect(inline).not.toMatch(/<\/script|<!--/i)
    expect(contentSecurityPolicy).toContain(hash(inline))
    expect([...(runInNewContext(`${inline}; texts`) as string[])]).toEqual([
      '</script>',
      '</SCRIPT >',
      '<!--<script>',
    ])
  })

  test.each(['</script><script>x()</script>', '<!--', ']]>', '&lt;', '\u2028\u2029', '$&$1', '\ud800'])(
    'gives back as data what went in, and no more markup: %j',
    (text) => {
      const { html } = pageDocument({ ...assets, title: text, data: data(text) })
      const [, json = ''] = /id="inspection">(.*?)<\/script>/s.exec(html) as readonly string[]
      expect(JSON.parse(json)).toEqual(data(text))
      expect(html.match(/<\/?script|<!--/g)).toEqual(['<script', '</script', '<script', '</script'])
      expect(html.match(/<title>([^<]*)<\/title>/)).not.toBeNull()
    },
  )

  test('says early whose it is, whatever the title', () => {
    for (const given of [null, data('t')]) {
      const { html } = pageDocument({ ...assets, title: 'x'.repeat(5_000), data: given })
      expect(Buffer.from(html).subarray(0, generatorMetaBytes).includes(generatorMeta)).toBe(true)
    }
  })
})
