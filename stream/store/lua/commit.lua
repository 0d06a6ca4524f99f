-- KEYS: shard, outbox.
-- ARGV: epoch, token, stored seq, stored manifest's id, next seq, offset, as_of_ms, control,
--       number of entries, then id and body of each entry, then the ids delivered.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
if redis.call('HGET', KEYS[1], 'seq') == ARGV[5] then
  return 'ALREADY'
end
if not rests_on(KEYS[1], ARGV[3], ARGV[4]) then
  return 'MISMATCH'
end
redis.call('HLEN', KEYS[2]) -- a key of a wrong type fails here, before the first write

redis.call('HSET', KEYS[1],
  'seq', ARGV[5], 'offset', ARGV[6], 'as_of_ms', ARGV[7], 'control', ARGV[8])
local last_entry = 9 + 2 * tonumber(ARGV[9])
for i = 10, last_entry, 2 do
  redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1])
end
call_with('HDEL', KEYS[2], ARGV, last_entry + 1, #ARGV)
return 'OK'
