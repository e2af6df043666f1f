/** What the work comes to, or `null` as soon as the signal fires. */
export function untilStopped<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | null> {
  return new Promise((resolve, reject) => {
    const onStop = (): void => resolve(null)
    signal.addEventListener('abort', onStop, { once: true })
    if (signal.aborted) onStop()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onStop))
  })
}
