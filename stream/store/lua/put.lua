-- KEYS: shard, garbage, piece. ARGV: epoch, token, id of the current manifest, the piece's bytes.
-- A piece is garbage until a manifest names it. Both are written here at once, and only for the
-- owner, so no piece can exist that nothing lists. A call that is repeated after its flip
-- finds another manifest: else it would make garbage of what that one names.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
if (redis.call('HGET', KEYS[1], 'manifest_id') or '') ~= ARGV[3] then
  return 'MISMATCH'
end
redis.call('SADD', KEYS[2], KEYS[3])
redis.call('SET', KEYS[3], ARGV[4])
return 'OK'
