-- KEYS: shard, hours, hour.
-- ARGV: epoch, token, start_ms of the hour, start_ms of the newest one that is too old by then,
--       keep_ms, the position of these bytes in the hour, whether they are the last, the bytes.
-- A large hour comes in several calls, one after the other; it is not listed until it is whole.
-- A listed hour stays as it is: its bytes are a function of the hour, so only a late or repeated
-- call can bring them.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if refused then
  return refused
end
-- (A key of a wrong type fails here, before the first write.)
if redis.call('ZSCORE', KEYS[2], ARGV[3]) and redis.call('EXISTS', KEYS[3]) == 1 then
  return 'OK'
end

if ARGV[6] == '0' then
  redis.call('ZREM', KEYS[2], ARGV[3])
  redis.call('SET', KEYS[3], ARGV[8], 'PX', ARGV[5])
else
  if redis.call('STRLEN', KEYS[3]) < tonumber(ARGV[6]) then
    return 'MISMATCH' -- a Redis that was set back meanwhile has lost what came before
  end
  redis.call('SETRANGE', KEYS[3], ARGV[6], ARGV[8])
end
if ARGV[7] == '1' then
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return 'OK'
