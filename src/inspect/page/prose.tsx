/**
 * Words in which commands stand between backticks, as the terminal has them. Here they are set as code; a press on one
 * selects the whole of it, to be copied.
 */
export function Prose({ text }: { readonly text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <Code key={at} text={part} /> : part))}</>
}

/** No line ends behind the hyphens of a flag. */
function Code({ text }: { readonly text: string }) {
  return (
    <code>
      {text.split(/(--[\w-]+)/).map((part, at) => (at % 2 === 1 ? <span class="flag">{part}</span> : part))}
    </code>
  )
}
