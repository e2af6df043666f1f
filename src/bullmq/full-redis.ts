/** What to do about a Redis that takes no more, and by its policy throws nothing away. */
export const fullRedisHint =
  'Give it more memory, as with redis-cli config set maxmemory 1gb (and in redis.conf), or remove what nobody needs from it.'
