-- KEYS: shard, garbage, piece. ARGV: epoch, token, the piece's bytes.
-- A piece is garbage until a manifest names it. Both are written here at once, and only for the
-- owner, so a piece that nothing knows of cannot come to be.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
redis.call('SADD', KEYS[2], KEYS[3])
redis.call('SET', KEYS[3], ARGV[3])
return 'OK'
