-- KEYS: shard. ARGV: epoch, token.
return refusal(KEYS[1], ARGV[1], ARGV[2]) or 'OK'
