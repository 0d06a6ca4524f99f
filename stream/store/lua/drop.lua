-- KEYS: view. ARGV: epoch.
if view_guard(KEYS[1], tonumber(ARGV[1])).epoch > tonumber(ARGV[1]) then
  return 'FENCED'
end
redis.call('UNLINK', KEYS[1])
return 'OK'
