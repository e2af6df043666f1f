import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const builtHere = fileURLToPath(new URL('../../dist', import.meta.url))

export const usage = `npm run bench [-- options]

  --full              all sections, with the sizes of the goals; an hour or more
  --only a,b          these sections only
  --kinds a,b         kinds of data in proof: chat, 'long chat', embeddings, …
  --size MB           bytes of the output files, in place of 200 (--full: 1000, chat 2000)
  --triples N         small triples, in place of 1000 (--full: 10000)
  --ids N             ids in one triple, in place of 10000000
  --waiting N         waiting triples in watch, in place of 100000
  --rounds N          how often each contender runs, in place of 3
  --dist path         a build to measure; given again, another one to pair it with
  --node path|major   the Node that is measured; a major version is fetched from npm
  --json file         write everything that was measured there
  --no-install        fetch nothing from npm: what is not there is skipped, and named
  --list              names of the sections`

/** @param {string[]} args */
export function parseOptions(args) {
  const { values } = parseArgs({ args, options: flags })
  const isFull = values.full
  const size = values.size === undefined ? null : wholeNumber('size', values.size)
  return {
    isHelp: values.help,
    isList: values.list,
    isFull,
    only: values.only?.split(',') ?? null,
    kinds: values.kinds?.split(',') ?? null,
    outputBytes: (size ?? (isFull ? 1000 : 200)) * 1e6,
    chatBytes: (size ?? (isFull ? 2000 : 200)) * 1e6,
    triples: wholeNumber('triples', values.triples ?? (isFull ? '10000' : '1000')),
    ids: wholeNumber('ids', values.ids),
    waiting: wholeNumber('waiting', values.waiting),
    rounds: wholeNumber('rounds', values.rounds),
    dists: (values.dist ?? [builtHere]).map((path) => resolve(path)),
    node: values.node,
    jsonPath: values.json === undefined ? null : resolve(values.json),
    mayInstall: !values['no-install'],
  }
}

const flags = {
  full: { type: 'boolean', default: false },
  only: { type: 'string' },
  kinds: { type: 'string' },
  size: { type: 'string' },
  triples: { type: 'string' },
  ids: { type: 'string', default: '10000000' },
  waiting: { type: 'string', default: '100000' },
  rounds: { type: 'string', default: '3' },
  dist: { type: 'string', multiple: true },
  node: { type: 'string', default: process.execPath },
  json: { type: 'string' },
  'no-install': { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

function wholeNumber(name, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} wants a whole number from 1, not ${text}.`)
  return Number(text)
}
