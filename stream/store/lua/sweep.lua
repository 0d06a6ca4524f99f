-- KEYS: shard, garbage. ARGV: epoch, token, how many at most.
-- Returns how many are left, or why not. The pieces' names come from the set itself (same slot),
-- so after a roll-back of Redis no piece is removed that the restored manifest names. They
-- leave the set last: while the slot moves, a cluster may refuse to remove the pieces.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
local pieces = redis.call('SRANDMEMBER', KEYS[2], ARGV[3])
if #pieces > 0 then
  redis.call('UNLINK', unpack(pieces))
  redis.call('SREM', KEYS[2], unpack(pieces))
end
return redis.call('SCARD', KEYS[2])
