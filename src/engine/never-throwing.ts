/** As with events: what a listener throws has nowhere to go. */
export function neverThrowing(listener: ((text: string) => void) | undefined): (text: string) => void {
  return (text) => {
    try {
      listener?.(text)
    } catch {
      // What is told beside a run is not worth a batch.
    }
  }
}
