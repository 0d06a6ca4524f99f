-- KEYS: shard, outbox, then for each hour archived before it the list that has it.
-- ARGV: epoch, token, stored seq, stored manifest's id, next seq, offset, as_of_ms, control,
--       fingerprint or '', start_ms of each hour, number of entries, then id and body of each
--       entry, then the ids delivered.
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
local hours = #KEYS - 2
for i = 1, hours do -- a Redis that was set back by a moment may have lost just these
  if not redis.call('ZSCORE', KEYS[2 + i], ARGV[9 + i]) then
    return 'MISMATCH'
  end
end
redis.call('HLEN', KEYS[2]) -- a key of a wrong type fails here, before the first write

redis.call('HSET', KEYS[1],
  'seq', ARGV[5], 'offset', ARGV[6], 'as_of_ms', ARGV[7], 'control', ARGV[8],
  'fingerprint', ARGV[9])
local first_entry = 11 + hours
local last_entry = first_entry - 1 + 2 * tonumber(ARGV[10 + hours])
for i = first_entry, last_entry, 2 do
  redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1])
end
call_with('HDEL', KEYS[2], ARGV, last_entry + 1, #ARGV)
return 'OK'
