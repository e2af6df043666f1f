/** As the reader's clock shows it, with what was written as its title. A journal that was edited may say anything. */
export function LocalTime({ at }: { readonly at: string }) {
  const time = new Date(at)
  return (
    <time dateTime={at} title={at}>
      {Number.isNaN(time.getTime()) ? at : time.toLocaleString()}
    </time>
  )
}
