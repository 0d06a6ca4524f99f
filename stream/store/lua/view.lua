-- KEYS: view. ARGV: epoch, as_of_ms, revision, base, number of fields, then name and value of
-- each field, then names of fields to remove.
-- base is the revision on which the changes rest; '0': the fields are the whole view. Where
-- another stands (a lost reply, a roll-back), the answer is BASE: send the whole.
local key, epoch, as_of = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.call('HMGET', key, '_epoch', '_as_of_ms', '_revision')
local stored_epoch = tonumber(stored[1] or 0)
if stored_epoch > epoch then
  return 'FENCED'
end
if stored_epoch == epoch and tonumber(stored[2] or 0) > as_of then
  return 'ALREADY'
end
local whole = ARGV[4] == '0'
if not whole and (stored_epoch ~= epoch or stored[3] ~= ARGV[4]) then
  return 'BASE'
end

local last_field = 5 + 2 * tonumber(ARGV[5])
call_with('HSET', key, 6, last_field)
call_with('HDEL', key, last_field + 1, #ARGV)
if whole then
  local kept = {}
  for i = 6, last_field, 2 do
    kept[ARGV[i]] = true
  end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if not kept[field] then
      redis.call('HDEL', key, field)
    end
  end
end
-- The guard comes last: it says that all before it was done.
redis.call('HSET', key, '_epoch', ARGV[1], '_as_of_ms', ARGV[2], '_revision', ARGV[3])
return 'OK'
