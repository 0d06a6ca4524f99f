-- KEYS: shard. ARGV: token.
-- Makes the bearer of the token the shard's owner; sent again it changes nothing.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then
  redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  redis.call('HSET', KEYS[1], 'token', ARGV[1])
end
return redis.call('HMGET', KEYS[1],
  'epoch', 'seq', 'offset', 'as_of_ms', 'control', 'manifest')
