import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { batchReconciler, jsonLines, temporaryFolder } from '../cli/command-line.js'
import { jsonl, requestLine } from '../engine/lines.js'
import { namesInTables, readDocument, sectionOf } from './markdown.js'

test('docs/costs.md explains the fields of submit --estimate --json, and no other', async () => {
  const folder = await temporaryFolder()
  const requests = join(folder, 'requests.jsonl')
  writeFileSync(requests, jsonl(requestLine('a')))
  const { stdout } = await batchReconciler(['submit', join(folder, 'ws'), requests, '--estimate', '--json'])
  const explained = namesInTables(sectionOf(readDocument('costs.md'), 'Before anything is sent'))
  expect(Object.keys(jsonLines(stdout)[0] ?? {}).toSorted()).toEqual([...explained].toSorted())
})
