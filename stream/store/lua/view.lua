-- KEYS: view. ARGV: epoch, as_of_ms, revision, base, changes, whether a stored instant may be wrong.
-- changes, as MessagePack: the value of each field, or false to remove it. A field is named by its
-- number among FIELDS or, where it has none, by its name: names are longer than values. A value that
-- is a number is written in its field's format, of FORMATS.
-- base is the revision that the changes are based on; '0': the fields are the whole view. If
-- another is stored (a lost reply, a roll-back), the answer is BASE: send the whole view.
-- What somebody else wrote here is replaced; a key of another type with the answer REPLACED.
local key, epoch, as_of, whole = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4] == '0'
local stored, is_other = view_guard(key, epoch)
if stored.epoch > epoch then
  return 'FENCED'
end
if stored.epoch == epoch and stored.as_of > as_of and ARGV[6] ~= '1' then
  return 'ALREADY'
end
if not whole and (stored.epoch ~= epoch or stored.revision ~= ARGV[4]) then
  return 'BASE'
end
if is_other then
  redis.call('UNLINK', key)
end

local kept, held, gone = {}, {}, {}
for field, value in pairs(cmsgpack.unpack(ARGV[5])) do
  local name = FIELDS[field] or field
  if value then
    kept[name] = true
    held[#held + 1] = name
    held[#held + 1] = type(value) == 'number' and string.format(FORMATS[field], value) or value
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
return is_other and 'REPLACED' or 'OK'
