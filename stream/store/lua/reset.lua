-- KEYS: shard, garbage. ARGV: epoch, token, stored seq, stored manifest's id, then its pieces.
-- Drops commit and manifest; their number goes on, so a write from before finds a mismatch.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
local stored = redis.call('HMGET', KEYS[1], 'offset', 'manifest_id')
if not stored[1] and not stored[2] then
  return 'ALREADY'
end
if not rests_on(KEYS[1], ARGV[3], ARGV[4]) then
  return 'MISMATCH'
end
call_with('SADD', KEYS[2], ARGV, 5, #ARGV)
redis.call('HDEL', KEYS[1],
  'offset', 'as_of_ms', 'control', 'fingerprint', 'manifest', 'manifest_id')
return 'OK'
