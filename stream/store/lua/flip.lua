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
-- All garbage was swept before the upload, so just its pieces are there, unless Redis lost some of
-- them. Their number alone would not tell: the same loss may have brought swept ones back.
-- (A key of a wrong type fails here, before the first write.)
local pieces = redis.call('SMEMBERS', KEYS[2])
local is_whole = #pieces == tonumber(ARGV[6])
for _, piece in ipairs(pieces) do
  is_whole = is_whole and string.find(piece, ':' .. ARGV[5] .. ':', 1, true)
end
if not is_whole or not rests_on(KEYS[1], ARGV[3], ARGV[4]) then
  return 'MISMATCH'
end

-- No key goes and comes back: while its slot moves, a cluster would refuse the second half.
call_with('SADD', KEYS[2], ARGV, 8, #ARGV)
redis.call('HSET', KEYS[1], 'manifest_id', ARGV[5], 'manifest', ARGV[7])
call_with('SREM', KEYS[2], pieces, 1, #pieces)
return 'OK'
