import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { WorkspaceReport } from '../../src/index.js'
import { countAt, describeInBrowser, litStates, rowOf, searchOf, useBrowser } from './browser.js'
import { generateWorkspace, inspectLive, openWorkspace, watchWorkspace } from './built.js'

const expected = { outcome: 'done', code: null } as const

describeInBrowser('the page of a run', () => {
  const { open } = useBrowser()

  test('shows a triple that a person mends go on, at the press of Retry and of Rescan', () =>
    withRun(async ({ url, root }) => {
      const { page, faults } = await open(url)
      await rowOf(page, '2').click()
      await page.getByRole('article').getByText('RequestIdsMismatch').first().waitFor()
      await expect.poll(() => litStates(page, 'is-active')).toEqual(['failed'])

      renameSync(join(root, 'output_2.whole'), join(root, 'workdir', 'batch_output_2.jsonl'))
      await page.getByRole('button', { name: 'Retry', exact: true }).click()
      await page.getByText(/^Tried again at .*: done\.$/).waitFor()
      await activeState(page, 'done')
      await expect
        .poll(() => litStates(page, 'is-past'))
        .toEqual(expect.arrayContaining(['failed', 'moving-to-done.moving']))

      await rowOf(page, '3').click()
      await activeState(page, 'missing-input')
      await page.getByRole('button', { name: 'Retry', exact: true }).click()
      await page.getByText(/Retry refused: Nothing to try again before the input file is back/).waitFor()
      renameSync(join(root, 'input_3.away'), join(root, 'workdir', 'batch_input_3.jsonl'))
      await page.getByRole('button', { name: 'Rescan', exact: true }).click()
      await activeState(page, 'done')
      expect(await countAt(page, 'done')).toBe(3)
      expect(faults).toEqual([])
    }))

  test('tries all of one cause again at one press, and says what became of them', () =>
    withRun(
      async ({ url, root }) => {
        const { page } = await open(url)
        const output = join(root, 'workdir', 'batch_output_1.jsonl')
        await page.getByRole('button', { name: /^2 RequestIdsMismatch/ }).waitFor()
        writeFileSync(output, readFileSync(join(root, 'output_1.whole'), 'utf8'))
        await page.getByRole('button', { name: 'Retry all 2' }).click()
        await expect.poll(() => countAt(page, 'done')).toBe(1)
        await page.getByRole('button', { name: /^RequestIdsMismatch triple / }).waitFor()
        const outcome = page.getByText(/^Tried again at .*: /)
        await expect
          .poll(async () =>
            (await outcome.textContent())
              ?.replace(/^.*?: /, '')
              .split(/[,.] ?/)
              .toSorted(),
          )
          .toEqual(['', '1 done', '1 stopped again', 'RequestIdsMismatch'])
        await page.getByRole('button', { name: 'Dismiss' }).click()
        await outcome.waitFor({ state: 'detached' })
      },
      ['1', '2'],
    ))

  test('rescans all that the search finds', () =>
    withRun(async ({ url, root }) => {
      const { page } = await open(url)
      await searchOf(page).fill('state:missing-input')
      renameSync(join(root, 'input_3.away'), join(root, 'workdir', 'batch_input_3.jsonl'))
      await page.getByRole('button', { name: 'Rescan all 1' }).click()
      await expect.poll(() => countAt(page, 'done')).toBe(2)
    }))

  test('says so when the run is over, and takes no command any more', () =>
    withRun(async ({ url, stop, end }) => {
      const { page } = await open(url)
      await rowOf(page, '3').click()
      await activeState(page, 'missing-input')
      stop()
      expect((await end()).isInterrupted).toBe(false)
      await page.getByText('nothing changes any more').waitFor()
      await page.getByRole('button', { name: 'Rescan', exact: true }).click()
      await page.getByText('Rescan refused: The run is over.').waitFor()
    }))
})

interface Run {
  readonly url: string
  readonly root: string
  readonly stop: () => void
  /** Waits for the run and tells the inspector. */
  readonly end: () => Promise<WorkspaceReport>
}

/** A run of three triples that stays: the first is whole, the second lacks an answer, the third its input. */
async function withRun(use: (run: Run) => Promise<void>, lacking: readonly string[] = ['2']): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'browser-live-'))
  const recipes = ['1', '2', '3'].map((index) => ({ index, about: 'ten answers', requests: 10, expected }))
  await generateWorkspace(root, { recipes })
  breakTriples(root, lacking)
  const workspace = await openWorkspace(root)
  const inspector = await inspectLive(workspace)
  const stopping = new AbortController()
  const options = inspector.attach({ signal: stopping.signal, shouldPoll: false, shouldStay: true })
  const running = watchWorkspace(workspace, options)
  const stop = (): void => stopping.abort()
  const end = async (): Promise<WorkspaceReport> => {
    const report = await running
    inspector.end()
    return report
  }
  try {
    await use({ url: inspector.url, root, stop, end })
  } finally {
    stop()
    await end()
    await inspector.close()
    rmSync(root, { recursive: true, force: true })
  }
}

function breakTriples(root: string, lacking: readonly string[]): void {
  for (const index of lacking) {
    const output = join(root, 'workdir', `batch_output_${index}.jsonl`)
    const whole = readFileSync(output, 'utf8')
    writeFileSync(join(root, `output_${index}.whole`), whole)
    writeFileSync(output, whole.slice(whole.indexOf('\n') + 1))
  }
  renameSync(join(root, 'workdir', 'batch_input_3.jsonl'), join(root, 'input_3.away'))
}

/** Waits until the state is lit on the chart. */
const activeState = (page: Page, state: string): Promise<void> =>
  page.locator(`[id="state-${state}"].is-active`).waitFor()
