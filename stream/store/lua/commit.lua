-- KEYS: shard, outbox.
-- ARGV: epoch, token, stored seq, next seq, offset, as_of_ms, control, number of entries,
--       then id and body of each entry, then the ids delivered.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
local seq = redis.call('HGET', KEYS[1], 'seq') or '0'
if seq == ARGV[4] then
  return 'ALREADY'
end
if seq ~= ARGV[3] then
  return 'MISMATCH'
end
redis.call('HLEN', KEYS[2]) -- a key of a wrong type fails here, before the first write

redis.call('HSET', KEYS[1],
  'seq', ARGV[4], 'offset', ARGV[5], 'as_of_ms', ARGV[6], 'control', ARGV[7])
local last_entry = 8 + 2 * tonumber(ARGV[8])
for i = 9, last_entry, 2 do
  redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1])
end
call_with('HDEL', KEYS[2], last_entry + 1, #ARGV)
return 'OK'
