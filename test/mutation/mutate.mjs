/**
 * Changes the sources one small thing at a time and asks whether a test notices:
 *
 *     npm run mutate -- machines workspace        whole layers (all of them when none is named)
 *     npm run mutate -- actors src/actors/submit-batch.ts
 *
 * Prints each mutant that no test noticed, and a score for each file and layer. Takes minutes for a layer, hours for all.
 */
import { relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { layers } from './layers.mjs'

const words = process.argv.slice(2)
const files = words.filter((word) => word.endsWith('.ts'))
const named = words.filter((word) => !word.endsWith('.ts'))
const unknown = named.filter((word) => !(word in layers))
if (unknown.length > 0)
  throw new Error(`No layer is called ${unknown.join(', ')}: ${Object.keys(layers).join(', ')}.`)

const scores = []
for (const name of named.length > 0 ? named : Object.keys(layers)) scores.push(...(await mutate(name)))
console.table(scores)

async function mutate(name) {
  process.env.MUTATED_LAYER = name
  const results = await new Stryker({
    mutate: files.length > 0 ? files : layers[name].mutate,
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    coverageAnalysis: 'perTest',
    // Texts for people are compared where they matter; a mutant of each would bury the others.
    mutator: { excludedMutations: ['StringLiteral'] },
    ignoreStatic: true,
    ignorePatterns: ['dist', 'docs', '.git'],
    // Its way to read a tsconfig needs the API of an older TypeScript; nothing here needs it read.
    tsconfigFile: 'none.json',
    concurrency: 2,
    timeoutMS: 20_000,
    dryRunTimeoutMinutes: 20,
    tempDirName: 'node_modules/.mutants',
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    allowConsoleColors: false,
    logLevel: 'warn',
  }).runMutationTest()
  return [...scoresOfFiles(results), scoreOf(`all of ${name}`, results)]
}

function scoresOfFiles(mutants) {
  const names = new Set(mutants.map(({ fileName }) => fileName))
  return [...names].map((name) =>
    scoreOf(
      relative(process.cwd(), name),
      mutants.filter(({ fileName }) => fileName === name),
    ),
  )
}

function scoreOf(of, mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  const judged = noticed + count('Survived', 'NoCoverage')
  const percent = judged === 0 ? 100 : (100 * noticed) / judged
  return { of, mutants: judged, noticed, survived: judged - noticed, percent: percent.toFixed(1) }
}
