-- KEYS: set. ARGV: members.
-- Adds them. A key of another type is replaced: the set is only an index, which fills again.
local found = redis.call('TYPE', KEYS[1]).ok
local replaced = found ~= 'set' and found ~= 'none'
if replaced then
  redis.call('UNLINK', KEYS[1])
end
call_with('SADD', KEYS[1], ARGV, 1, #ARGV)
return replaced and 'REPLACED' or 'OK'
