import { createHash, randomFillSync } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LineFile } from './line-file.mjs'

const requestsEach = 50_000

/**
 * Registers of very many sent requests. One is real; the others have its ids, as files often do, and other requests: the
 * dearest case there is. Their inputs are gone.
 *
 * @param {string} dist the build that writes the real one
 * @returns the file of the real one's requests, and how many it has
 */
export async function writeRegisters(root, dist, known) {
  const { openWorkspace } = await import(join(dist, 'src/index.js'))
  const { keepRegister } = await import(join(dist, 'src/accounting/requests/read-requests.js'))
  const workspace = await openWorkspace(root, { create: true })
  const { logs, registerFile } = workspace.layout
  await mkdir(logs, { recursive: true })
  const path = join(root, 'known.jsonl')
  writeRequests(path, 'known', requestsEach)
  await keepRegister({ workspace }, '0', path)
  const bytes = await readFile(registerFile('0'))
  for (let index = 1; index * requestsEach < known; index += 1) {
    await writeFile(registerFile(String(index)), withOtherRequests(bytes))
  }
  return { path, requests: requestsEach }
}

/** An entry is 8 bytes of the id's hash and 16 of the request's; the last 32 bytes are the hash of all before. */
function withOtherRequests(bytes) {
  for (let at = 0; at < requestsEach; at += 1) randomFillSync(bytes, at * 24 + 8, 16)
  createHash('sha256')
    .update(bytes.subarray(0, -32))
    .digest()
    .copy(bytes, bytes.length - 32)
  return bytes
}

export function writeRequests(path, prefix, count) {
  const file = new LineFile(path)
  const filler = 'x'.repeat(320)
  for (let at = 0; at < count; at += 1) {
    file.write(
      `{"custom_id":"request-${at}","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","temperature":0.5,"messages":[{"role":"user","content":"${prefix} ${at} ${filler}"}]}}\n`,
    )
  }
  file.close()
}
