import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Inspector } from '../../src/inspect/index.js'
import {
  countAt,
  describeInBrowser,
  listOf,
  litStates,
  rowOf,
  rowsOf,
  searchOf,
  useBrowser,
} from './browser.js'
import {
  everyKindOfTriple,
  exportWorkspace,
  generateWorkspace,
  inspectWorkspace,
  openWorkspace,
  reconcileWorkspace,
} from './built.js'

const image = '<img src=x onerror="alert(1)">'

describeInBrowser('the page over a workspace on disk', () => {
  const { open } = useBrowser()
  let root: string
  let inspector: Inspector

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'browser-disk-'))
    await generateWorkspace(root, { recipes: everyKindOfTriple() })
    const workspace = await openWorkspace(root)
    putHostile(root)
    await reconcileWorkspace(workspace)
    inspector = await inspectWorkspace(workspace)
  })
  afterAll(async () => {
    await inspector?.close()
    rmSync(root, { recursive: true, force: true })
  })

  test('shows every triple, stuck ones first, and numbers on the chart', async () => {
    const { page, requests, faults } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    const titles = await rowsOf(page).locator('.title').allTextContents()
    expect(titles.slice(0, 5).map((title) => title.trim())).toEqual([
      'ConflictingAnswers',
      'MissingBatchInputFileButOthersExist',
      ...Array.from({ length: 3 }, () => 'RequestIdsMismatch'),
    ])
    expect(titles.at(-1)).toContain('Done')
    expect(await countAt(page, 'missing-input')).toBe(1)
    expect(await countAt(page, 'failed')).toBeGreaterThanOrEqual(4)
    expect(await countAt(page, 'awaiting-online-files')).toBe(1)
    expect(faults).toEqual([])
    expect(new Set(requests.map((url) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']))
  })

  test('tells of a stuck triple: its story, its state on the chart, its files, accounting and steps', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '43').click()
    const article = page.getByRole('article', { name: 'Triple 43' })
    await article.getByText('workdir/batch_output_43.jsonl').waitFor()
    const text = (await article.textContent()) ?? ''
    expect(text).toMatch(/Failed for \d+ s/)
    expect(text).toContain('RequestIdsMismatch')
    expect(text).toContain('What to do: The lines that cannot be read may be the missing answers')
    expect(text).toMatch(/input\s*500/)
    expect(text).toMatch(/missing\s*1unknown/)
    expect(text).toContain('checking-ids.checking')
    await expect.poll(() => litStates(page, 'is-active')).toEqual(['failed'])
    await expect
      .poll(() => litStates(page, 'is-past'))
      .toEqual(expect.arrayContaining(['deciding.surveying', 'checking-ids.checking']))
    expect(await page.locator('[id="edge-checking-ids.checking-to-failed"].is-past').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0)
  })

  test('shows what comes out of rows only when it is asked for, and then as text', async () => {
    const { page, requests, faults } = await open(inspector.url)
    await rowOf(page, '900').click()
    const groups = page.getByRole('region', { name: 'Error groups' })
    await groups.getByText('hostile_code').waitFor()
    expect(await groups.textContent()).not.toContain('onerror')
    await groups.getByRole('button', { name: 'Show texts' }).click()
    await groups.getByText(image).first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(requests.filter((url) => url.endsWith('/x'))).toEqual([])
    expect(faults).toEqual([])
  })

  test.each([
    ['state:missing-input', 1],
    ['state:awaiting-online-files', 1],
    ['code:ConflictingAnswers', 1],
    ['remote:in_progress', 1],
    ['age>24h', 0],
    ['is:stuck code:RequestIdsMismatch', 3],
    ['"two different successes"', 1],
    ['two nowhere', 0],
  ])('narrows the list by %s', async (query, expected) => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    await searchOf(page).fill(query)
    await expectRows(page, expected)
    await searchOf(page).fill('')
    await rowOf(page, '1').waitFor()
  })

  test('offers keys and the values that occur, for the keyboard too', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    await searchOf(page).pressSequentially('co')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const offered = page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option')
    await offered.first().waitFor()
    expect(await offered.first().textContent()).toBe('code:RequestIdsMismatch 3')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    expect(await searchOf(page).inputValue()).toBe('code:RequestIdsMismatch ')
    await expectRows(page, 3)
  })

  test('narrows the list by kind, by cause and by a state of the chart, each of them a press', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    await page.getByRole('button', { name: /Stuck$/ }).click()
    await expectRows(page, 5)
    const cause = page.getByRole('button', { name: /^RequestIdsMismatch triple/ }).first()
    await cause.click()
    await expectRows(page, 3)
    expect(await searchOf(page).inputValue()).toBe('is:stuck code:RequestIdsMismatch')
    await cause.click()
    await page.locator('[id="state-missing-input"]').click()
    await expectRows(page, 1)
    await page.locator('[id="state-missing-input"]').focus()
    await page.keyboard.press('Enter')
    await expectRows(page, 5)
  })

  test('keeps filter and choice in the address: a link leads there, and Back leads back', async () => {
    const { page } = await open(inspector.url)
    await searchOf(page).fill('is:stuck')
    await rowOf(page, '43').click()
    await rowOf(page, '44').click()
    await page.getByRole('article', { name: 'Triple 44' }).waitFor()
    await page.waitForURL(/triple=44/)
    const linked = await open(page.url())
    await linked.page.getByRole('article', { name: 'Triple 44' }).waitFor()
    await expectRows(linked.page, 5)
    await page.goBack()
    await page.getByRole('region', { name: 'What is wrong' }).waitFor()
    expect(await searchOf(page).inputValue()).toBe('is:stuck')
  })

  test('names each cause once, with its cure: three in full, the others in a line that opens', async () => {
    const { page } = await open(inspector.url)
    const causes = page.getByRole('region', { name: 'What is wrong' }).getByRole('listitem')
    await causes.first().waitFor()
    const texts = await causes.allTextContents()
    expect(texts.length).toBe(5)
    expect(texts.slice(0, 3).join()).toContain('batch-reconciler accept')
    expect(texts[4]).toMatch(/RequestIdsMismatch triple \d+/)
    expect(texts[4]).not.toMatch(/run again/)
    await causes.nth(4).getByRole('button', { expanded: false }).click()
    expect(await causes.nth(4).textContent()).toMatch(/RequestIdsMismatch triple \d+.*run again/)
  })

  test('says of what is done that requests of it failed for good, with the command that sends them again', async () => {
    const { page } = await open(inspector.url)
    const failed = page.getByRole('region', { name: 'Failed for good' })
    await failed.waitFor()
    expect(await failed.textContent()).toMatch(
      /85 of 2,000 requests of triple 31 failed for good: .*batch-reconciler retry \S+ 31 ?sends \d+ of them again/,
    )
    await searchOf(page).fill('is:done')
    await rowOf(page, '31').waitFor()
    expect(await rowOf(page, '31').textContent()).toContain('some requests have no good answer')
    expect(await rowOf(page, '1').textContent()).not.toContain('good answer')
    await failed.getByRole('button', { name: /triple 31/ }).click()
    await page.getByRole('article', { name: 'Triple 31' }).waitFor()
  })

  test('draws the workspace over time, and tells it to those who do not see', async () => {
    const { page } = await open(inspector.url)
    const map = page.getByRole('slider', { name: 'Time' })
    await map.waitFor()
    expect(await map.getAttribute('aria-valuetext')).toMatch(/Failed 2, Needs a person 3, Not sent \d+/)
    await searchOf(page).fill('is:stuck')
    // The rows of the list are counted as the map counts them.
    expect(await page.locator('.row.failed').count()).toBe(2)
    expect(await page.locator('.row.needs-person').count()).toBe(3)
    expect(await page.locator('.area.failed').getAttribute('d')).toMatch(/^M0,[\d.]+L0/)
    await map.focus()
    await page.keyboard.press('ArrowLeft')
    await page.locator('.pointed').waitFor()
  })

  test('draws the course of a triple and of its lineage, each attempt on a bar of its own', async () => {
    const { page } = await open(inspector.url)
    const retry = rowsOf(page).filter({ hasText: 'Not sent' }).filter({ hasText: '…' }).first()
    await retry.click()
    const course = page.getByRole('region', { name: 'Course in time' })
    await course.getByText('First attempt').waitFor()
    expect(await course.locator('.bar').count()).toBe(2)
    expect(await course.locator('.axis').getByText('now').count()).toBe(1)
    const milestones = await course.getByRole('list').first().textContent()
    expect(milestones).toMatch(/Checking ids.*Logging.*Moving to done.*Done/is)
    await course.getByRole('button').click()
    await page.locator('[id="state-done"].is-active').waitFor()
  })

  test('names the event on the edge that was taken, and on those that lead away from what is pointed at', async () => {
    const { page } = await open(`${inspector.url}#triple=43`)
    const named = page.locator('.edge-name.is-named')
    await named.waitFor()
    expect(await named.textContent()).toBe('checkIds done')
    await page.locator('[id="state-awaiting-online-files.waiting"]').hover()
    const pointed = page.locator('.edge-name.is-named-by-pointer')
    expect((await pointed.allTextContents()).toSorted()).toEqual(['poll.due / triple.retry', 'triple.rescan'])
  })

  test('writes nothing on the chart smaller than 11 pixels, or out of its box', async () => {
    const { page } = await open(`${inspector.url}#triple=43`)
    await page.locator('.chart .state').first().waitFor()
    const found =
      (await page.evaluate(`[...document.querySelectorAll('.chart :is(.label, .count)')].map((text) => {
      const own = text.getBoundingClientRect()
      const box = text.parentElement.querySelector('rect').getBoundingClientRect()
      const scale = text.getScreenCTM().a
      const isInside = own.width === 0 || (own.left >= box.left && own.right <= box.right && own.top >= box.top)
      return { pixels: parseFloat(getComputedStyle(text).fontSize) * scale, isInside, text: text.textContent }
    })`)) as readonly { pixels: number; isInside: boolean; text: string }[]
    expect(found.length).toBeGreaterThan(60)
    expect(found.filter(({ pixels, isInside }) => pixels < 11 || !isInside)).toEqual([])
  })

  test('can be used with the keyboard alone', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab')
      if (await listOf(page).evaluate((list) => list.matches(':focus'))) break
    }
    const second = (await rowsOf(page).nth(1).locator('b').getAttribute('title')) ?? ''
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    const chosen = listOf(page).getByRole('option', { selected: true })
    expect(await chosen.textContent()).toContain(second)
    expect(await listOf(page).getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'))
    await page.getByRole('article', { name: `Triple ${second}` }).waitFor()
    await page.keyboard.press('End')
    expect(await chosen.getAttribute('aria-posinset')).toBe(await chosen.getAttribute('aria-setsize'))
  })

  test.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility in %s',
    async (colorScheme) => {
      const { page } = await open(inspector.url, { colorScheme })
      await rowOf(page, '43').click()
      await page.getByText('workdir/batch_output_43.jsonl').waitFor()
      await page.getByRole('button', { name: 'Replay journal' }).click()
      await page.getByRole('group', { name: 'Replay' }).waitFor()
      expect(await seriousFaults(page)).toEqual([])
    },
  )

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)('has none before a choice either, in %s and %i pixels wide', async (colorScheme, width) => {
    const { page } = await open(inspector.url, { colorScheme, width })
    await page.locator('.area').first().waitFor({ state: 'attached' })
    await searchOf(page).focus()
    expect(await seriousFaults(page)).toEqual([])
  })

  test('goes to the search at /, and back to all triples at Escape', async () => {
    const { page } = await open(`${inspector.url}#triple=43`)
    await page.getByRole('article', { name: 'Triple 43' }).waitFor()
    await page.keyboard.press('/')
    expect(await searchOf(page).evaluate((field) => field.matches(':focus'))).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByRole('article', { name: 'Triple 43' }).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'What is wrong' }).waitFor()
    expect(await page.title()).toMatch(/^\(5\) /)
  })

  test('needs no scrolling sideways on a narrow screen', async () => {
    const { page } = await open(inspector.url, { width: 400, height: 800 })
    await page.locator('.area').first().waitFor({ state: 'attached' })
    expect(
      await page.evaluate(`document.documentElement.scrollWidth - window.innerWidth`),
    ).toBeLessThanOrEqual(0)
    await rowOf(page, '43').click()
    await page.getByText('workdir/batch_output_43.jsonl').waitFor()
    const beyond = await page.evaluate(`document.documentElement.scrollWidth - window.innerWidth`)
    expect(beyond).toBeLessThanOrEqual(0)
  })

  test('shows on a narrow screen the state that the chosen triple is in, and its cause in its own colour', async () => {
    const { page } = await open(inspector.url, { width: 400, height: 800 })
    await page.getByRole('region', { name: 'What is wrong' }).locator('.cause.needs-person').first().waitFor()
    await searchOf(page).fill('is:stuck state:failed')
    await rowsOf(page).first().click()
    const lit = page.locator('.chart .is-active')
    await lit.waitFor()
    const [box, state] = [await page.locator('.chart').boundingBox(), await lit.boundingBox()]
    expect(state?.x).toBeGreaterThanOrEqual(box?.x ?? 0)
    expect((state?.x ?? 0) + (state?.width ?? 0)).toBeLessThanOrEqual((box?.x ?? 0) + (box?.width ?? 0))
  })

  test('follows what another run does, without being loaded again', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    const waiting = await countAt(page, 'missing-input')
    rmSync(join(root, 'workdir', 'batch_output_40.jsonl'))
    await rowOf(page, '40').waitFor({ state: 'detached' })
    expect(await countAt(page, 'missing-input')).toBe(waiting - 1)
  })

  test('is saved as one file that opens from the disk and asks nobody', async () => {
    const path = join(root, 'report.html')
    await exportWorkspace(await openWorkspace(root), path)
    const { page, requests, faults } = await open(`file://${path}`)
    await rowOf(page, '44').click()
    await page.getByRole('article', { name: 'Triple 44' }).getByText('ConflictingAnswers').first().waitFor()
    await page.getByRole('button', { name: 'Replay journal' }).click()
    await page.getByRole('button', { name: 'Step back' }).click()
    await page.getByText(/^Step \d+ of \d+: .*surveyTriple/).waitFor()
    await page.getByRole('button', { name: 'All triples' }).click()
    await page.locator('.area').first().waitFor({ state: 'attached' })
    await page.getByRole('region', { name: 'Failed for good' }).waitFor()
    expect(requests).toEqual([`file://${path}`])
    expect(faults).toEqual([])
    expect(await page.content()).not.toContain(image)
    const phone = await open(`file://${path}`, { width: 400, height: 800 })
    await phone.page.getByRole('region', { name: 'What is wrong' }).waitFor()
    const beyond = await phone.page.evaluate(`document.documentElement.scrollWidth - window.innerWidth`)
    expect(beyond).toBeLessThanOrEqual(0)
  })
})

/** Answers whose ids and errors are markup. */
function putHostile(root: string): void {
  const body = { model: 'm', messages: [] }
  writeFileSync(
    join(root, 'workdir', 'batch_input_900.jsonl'),
    lines([{ custom_id: image, method: 'POST', url: '/v1/chat/completions', body }]),
  )
  const error = { code: 'hostile_code', message: image }
  writeFileSync(
    join(root, 'workdir', 'batch_error_900.jsonl'),
    lines([{ id: 'r', custom_id: image, response: { status_code: 400, body: { error } }, error: null }]),
  )
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function expectRows(page: Page, expected: number): Promise<void> {
  await page.getByText(`${expected} shown`, { exact: true }).waitFor()
  expect(await rowsOf(page).count()).toBe(expected)
}

async function seriousFaults(page: Page): Promise<string[]> {
  // Run by the debugger's protocol: the page's own policy allows no further script.
  await page.evaluate(axe.source)
  const found = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run())
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

interface Axe {
  run(): Promise<{
    readonly violations: readonly {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string }[]
    }[]
  }>
}
