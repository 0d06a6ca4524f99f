-- KEYS: set.
-- Returns its members; none if the key has another type: `add` replaces it.
if redis.call('TYPE', KEYS[1]).ok ~= 'set' then
  return {}
end
return redis.call('SMEMBERS', KEYS[1])
