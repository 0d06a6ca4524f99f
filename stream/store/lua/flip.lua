-- KEYS: shard, garbage.
-- ARGV: epoch, token, stored seq, the manifest's id, the manifest, then the superseded pieces.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
local stored = redis.call('HMGET', KEYS[1], 'manifest_id', 'seq')
if stored[1] == ARGV[4] then
  return 'ALREADY'
end
if (stored[2] or '0') ~= ARGV[3] then
  return 'MISMATCH'
end
redis.call('SCARD', KEYS[2]) -- a key of a wrong type fails here, before the first write

redis.call('HSET', KEYS[1], 'manifest_id', ARGV[4], 'manifest', ARGV[5])
redis.call('UNLINK', KEYS[2])
call_with('SADD', KEYS[2], 6, #ARGV)
return 'OK'
