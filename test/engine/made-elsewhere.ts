import type { Scene } from '../server/scene.js'

/** Somebody makes a batch of these bytes with the client alone; gives its id. */
export async function madeOf({ client }: Pick<Scene, 'client'>, bytes: string | Uint8Array): Promise<string> {
  const file = new File([typeof bytes === 'string' ? bytes : Uint8Array.from(bytes)], 'theirs.jsonl')
  const { id: input_file_id } = await client.files.create({ file, purpose: 'batch' })
  const batch = await client.batches.create({
    input_file_id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  return batch.id
}
