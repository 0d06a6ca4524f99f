-- KEYS: shard, store's id. ARGV: token, a random id, the worker's consumer group or "".
-- Returns the group if the state belongs to another one; state of an earlier version has none.
-- Makes the worker with this token the shard's owner; a repeat changes nothing.
-- An epoch is the time in µs of Redis' own clock, or one more than the last: so it is above all
-- earlier ones, also above those that this Redis has lost since, and that views on other nodes
-- of a cluster still have.
local group = redis.call('HGET', KEYS[1], 'group')
local own_group = ARGV[3] or ''
if own_group ~= '' then
  if group and group ~= own_group then
    return group
  end
  redis.call('HSETNX', KEYS[1], 'group', own_group)
end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then
  local now = redis.call('TIME')
  local epoch = math.max(now[1] * 1000000 + now[2], (redis.call('HGET', KEYS[1], 'epoch') or 0) + 1)
  redis.call('HSET', KEYS[1], 'epoch', string.format('%d', epoch), 'token', ARGV[1])
end
redis.call('SET', KEYS[2], ARGV[2], 'NX')
local found = redis.call('HMGET', KEYS[1],
  'epoch', 'seq', 'offset', 'as_of_ms', 'control', 'manifest', 'fingerprint', 'manifest_id')
found[9] = redis.call('GET', KEYS[2])
return found
