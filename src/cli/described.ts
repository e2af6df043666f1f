/** The long text of a command's help: a paragraph and examples. */
export function described(text: string, examples: readonly string[]): string {
  return [...wrapped(text), '', ...examples.map((example) => `  $ batch-reconciler ${example}`)].join('\n')
}

/** Breaks a paragraph into lines of at most 100 characters. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
