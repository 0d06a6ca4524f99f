-- KEYS: shard. ARGV: epoch, token, and, of a writer without a pending write, stored seq and stored
-- manifest's id.
local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
if not refused and ARGV[4] and not rests_on(KEYS[1], ARGV[3], ARGV[4]) then
  return 'MISMATCH'
end
return refused or 'OK'
