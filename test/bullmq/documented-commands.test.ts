import { expect, test } from 'vitest'
import { readDocument, sectionOf } from '../docs/markdown.js'
import { hostsSeated, until, withFleet, workerFiles } from './fleet.js'
import { describeOnRedis } from './redis-server.js'

/** The commands of the compose file and of the manifest, as lists of words. */
function documentedCommands(): readonly (readonly string[])[] {
  const text = sectionOf(readDocument('workers.md'), 'Containers')
  return [...text.matchAll(/command: (.*\/batches.*)$/gm)].map(([, line = '']) =>
    line
      .replace(/ #.*/, '')
      .replaceAll(/[[\],]/g, ' ')
      .trim()
      .split(/\s+/),
  )
}

describeOnRedis('the containers of docs/workers.md', () => {
  test('start the program itself, which ends with SIGTERM and leaves nothing', () =>
    withFleet({ triples: 2 }, async (fleet) => {
      const commands = documentedCommands()
      expect(commands).toHaveLength(2)
      for (const [program, ...words] of commands) {
        // What a package manager starts programs with need not hand signals on.
        expect(program).toBe('node_modules/.bin/batch-reconciler')
        const worker = fleet.command(words.map((word) => (word === '/batches' ? fleet.root : word)))
        await until('it is seated', async () => (await hostsSeated(fleet.root)).length === 1)
        worker.child.kill('SIGTERM')
        expect([await worker.ended, worker.said()]).toEqual([0, expect.stringContaining('Stopped.')])
        expect(workerFiles(fleet.root)).toEqual([])
      }
    }))
})
