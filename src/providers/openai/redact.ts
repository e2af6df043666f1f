/** Longest text of a server that goes into a message, in characters. */
const maxTextLength = 300

/**
 * A server's words made fit for messages, journals and logs: one line, bounded, without keys. Servers quote the
 * key they refuse, and `fetch` quotes a header it cannot send.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const withoutSecrets = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[key]'), text)
  const plain = withoutSecrets
    .replaceAll(/\b(Bearer|Basic)\s+[^\s"']+/gi, '$1 [key]')
    .replaceAll(/\b(sk|gsk|key)[-_][\w*.-]{6,}/g, '[key]')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (/^<(!doctype|html|\?xml)/i.test(plain)) return 'an HTML page'
  return plain.length > maxTextLength ? `${plain.slice(0, maxTextLength)}…` : plain
}
