import { expect, test } from 'vitest'
import { openAiBatchProvider, type BatchProvider } from '../../../src/index.js'
import { putInput, withScene } from '../../server/scene.js'
import { outcomes } from '../workspaces.js'

/** As people write one: methods on the prototype, state in private fields. */
class OwnProvider implements BatchProvider {
  readonly #inner: BatchProvider
  constructor(inner: BatchProvider) {
    this.#inner = inner
  }
  get name(): string {
    return 'own'
  }
  get limits() {
    return this.#inner.limits
  }
  get minPollDelayMs(): number {
    return this.#inner.minPollDelayMs
  }
  submit(...given: Parameters<BatchProvider['submit']>) {
    return this.#inner.submit(...given)
  }
  find(...given: Parameters<BatchProvider['find']>) {
    return this.#inner.find(...given)
  }
  status(...given: Parameters<BatchProvider['status']>) {
    return this.#inner.status(...given)
  }
  download(...given: Parameters<BatchProvider['download']>) {
    return this.#inner.download(...given)
  }
  cancel(...given: Parameters<BatchProvider['cancel']>) {
    return this.#inner.cancel(...given)
  }
}

test('a provider that is a class takes a triple the whole way', () =>
  withScene({}, async (scene) => {
    putInput(scene, '1', ['a', 'b'])
    const { client, clock } = scene
    const provider = new OwnProvider(openAiBatchProvider({ client, clock }))
    expect(outcomes(await scene.watch({ client: undefined, provider, shouldSubmit: true }))).toEqual([
      '1 done',
    ])
  }))
