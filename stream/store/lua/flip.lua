-- KEYS: shard, garbage.
-- ARGV: epoch, token, stored seq, stored manifest's id, the new manifest's id, number of its new
--       pieces, the manifest, then the superseded pieces.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
if redis.call('HGET', KEYS[1], 'manifest_id') == ARGV[5] then
  return 'ALREADY'
end
-- All garbage was swept before the upload, so just its pieces are there, unless Redis lost some
-- of them. (A key of a wrong type fails here, before the first write.)
local is_whole = redis.call('SCARD', KEYS[2]) == tonumber(ARGV[6])
if not is_whole or not rests_on(KEYS[1], ARGV[3], ARGV[4]) then
  return 'MISMATCH'
end

redis.call('HSET', KEYS[1], 'manifest_id', ARGV[5], 'manifest', ARGV[7])
redis.call('UNLINK', KEYS[2])
call_with('SADD', KEYS[2], ARGV, 8, #ARGV)
return 'OK'
