#!/usr/bin/env node
import { nodeContext } from './context.js'
import { runCommandLine } from './run-command-line.js'

process.exitCode = await runCommandLine(process.argv.slice(2), nodeContext())
