import { ArgumentParseError, text_en, type ApplicationText } from '@stricli/core'
import { terminalText } from './render/terminal-text.js'

/** The name users type. */
export const programName = 'batch-reconciler'

/** What the command line framework says, with what to do next, and safe to print whatever was typed. */
export const texts: ApplicationText = {
  ...text_en,
  briefs: { ...text_en.briefs, help: 'Show this text', version: 'Show the version' },
  noCommandRegisteredForInput: (found) => withHelp(text_en.noCommandRegisteredForInput(found)),
  exceptionWhileParsingArguments: (error) => withHelp(argumentFault(error)),
}

function withHelp(message: string): string {
  return `${safe(message)}\n→ ${programName} --help shows the commands, ${programName} <command> --help their flags.`
}

function argumentFault(error: unknown): string {
  if (!(error instanceof ArgumentParseError)) return reasonOf(error)
  return `${error.externalFlagNameOrPlaceholder}: ${reasonOf(error.exception)}`
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Names and values come from whoever typed them, or from a script that was fed them. */
function safe(message: string): string {
  return terminalText(message).slice(0, 1_000)
}
