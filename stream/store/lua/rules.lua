-- Which workers work by which rules, by when they last said so. KEYS: a sorted set. ARGV: worker and
-- rules, how long that is valid in ms (0: the worker ends). Returns all that are valid.
-- The time is that of Redis: workers' clocks may differ.
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local keep_ms = tonumber(ARGV[2])
if keep_ms == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], string.format('%.0f', now_ms), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now_ms - keep_ms))
  redis.call('PEXPIRE', KEYS[1], keep_ms)
end
return redis.call('ZRANGE', KEYS[1], 0, -1)
