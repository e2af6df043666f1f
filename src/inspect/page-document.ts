import { createHash } from 'node:crypto'
import type { ExportedInspection } from './protocol.js'

export interface PageAssets {
  readonly script: string
  readonly style: string
}

export interface PageDocumentOptions extends PageAssets {
  readonly title: string
  /** `null` when a server tells the page everything; otherwise the page asks nobody. */
  readonly data: ExportedInspection | null
}

export interface PageDocument {
  readonly html: string
  /** The value of the header `content-security-policy`; in the document itself too when data is embedded. */
  readonly contentSecurityPolicy: string
}

/** By this a page of ours is known again; it stands within the first `generatorMetaBytes` bytes. */
export const generatorMeta = '<meta name="generator" content="batch-reconciler">'
export const generatorMetaBytes = 1_000

/** One self-contained HTML text. Only this script and this style may run, known by their hashes. */
export function pageDocument({ script, style, title, data }: PageDocumentOptions): PageDocument {
  const inlineScript = withoutEndTag(script)
  const contentSecurityPolicy = policyOf(inlineScript, style, data === null ? "'self'" : "'none'")
  const meta =
    data === null
      ? ''
      : `<meta http-equiv="content-security-policy" content="${escapeHtml(contentSecurityPolicy)}">\n`
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${generatorMeta}
${meta}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
${data === null ? '' : `<script type="application/json" id="inspection">${embeddedJson(data)}</script>\n`}<script>${inlineScript}</script>
</body>
</html>
`
  return { html, contentSecurityPolicy }
}

/** Script and style of the page, loaded when somebody wants to see it. Rejects with `ENOENT` when they were not built. */
export async function readPageAssets(): Promise<PageAssets> {
  const { builtPageAssets } = await import('./page-assets.js')
  return builtPageAssets()
}

function policyOf(script: string, style: string, reachable: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    `connect-src ${reachable}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** A browser reads CR LF as LF before it hashes (HTML standard, preprocessing the input stream). */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text.replace(/\r\n?/g, '\n')).digest('base64')}`
}

/**
 * `</script` inside a text of the script would end it, and `<!--` could keep its end tag from counting (HTML standard,
 * script data double escaped state). With a backslash both mean the same to JavaScript.
 */
function withoutEndTag(script: string): string {
  return script.replace(/<\/(?=script)/gi, String.raw`<\/`).replaceAll('<!--', String.raw`<\!--`)
}

/** JSON that stays text wherever it stands in a document. */
export function embeddedJson(data: unknown): string {
  return JSON.stringify(data).replace(/</g, String.raw`\u003c`)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
