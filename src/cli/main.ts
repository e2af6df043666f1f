#!/usr/bin/env node
import { nodeContext } from './context.js'
import { exitCodes } from './exit-codes.js'
import { runCommandLine } from './run-command-line.js'
import { keepYoungGenerationSmall } from './young-generation.js'

keepYoungGenerationSmall()

const stoppedText = `✗ UnexpectedError: Nothing is left to wait for, and the command has not come to its end: a promise never settled.
  → Look into the module of --processor first: each of its functions must return, or give a promise that settles. Nothing is lost; the next run hands it the same rows again.
`

// Node ends with 13, and without a word, when an `await` of the main module can never go on (nodejs.org, "Exit codes").
let hasEnded = false
process.once('exit', (code) => {
  if (hasEnded || code !== 0) return
  process.stderr.write(stoppedText)
  process.exitCode = exitCodes.failed
})
process.exitCode = await runCommandLine(process.argv.slice(2), nodeContext())
hasEnded = true
