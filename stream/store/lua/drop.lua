-- KEYS: view. ARGV: epoch.
if tonumber(redis.call('HGET', KEYS[1], '_epoch') or 0) > tonumber(ARGV[1]) then
  return 'FENCED'
end
redis.call('UNLINK', KEYS[1])
return 'OK'
