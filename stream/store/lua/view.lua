-- KEYS: view. ARGV: epoch, as_of_ms, revision, base, changes.
-- changes, as MessagePack: the value of each field, or false to remove it. A field is named by its
-- number among FIELDS or, where it has none, by its name: names are longer than values.
-- base is the revision that the changes are based on; '0': the fields are the whole view. If
-- another is stored (a lost reply, a roll-back), the answer is BASE: send the whole view.
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

local kept, held, gone = {}, {}, {}
for field, value in pairs(cmsgpack.unpack(ARGV[5])) do
  local name = FIELDS[field] or field
  if value then
    kept[name] = true
    held[#held + 1] = name
    held[#held + 1] = value
  else
    gone[#gone + 1] = name
  end
end
if whole then
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if not kept[name] then
      gone[#gone + 1] = name
    end
  end
end
call_with('HSET', key, held, 1, #held)
call_with('HDEL', key, gone, 1, #gone)
-- The guard comes last: it says that all before it was done.
redis.call('HSET', key, '_epoch', ARGV[1], '_as_of_ms', ARGV[2], '_revision', ARGV[3])
return 'OK'
