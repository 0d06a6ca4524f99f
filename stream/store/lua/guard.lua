-- Precedes every script that writes for an owner.
-- Returns nil if (epoch, token) owns the shard, else the writer's answer. A lower epoch
-- than the writer's own can only be a Redis that was set back to before the writer acquired; with
-- a higher one somebody has acquired since, even if a late call did so with the writer's token.
local function refusal(shard, epoch, token)
  local owner = redis.call('HMGET', shard, 'epoch', 'token')
  local stored, own = tonumber(owner[1] or 0), tonumber(epoch)
  if stored < own then
    return 'MISMATCH'
  end
  if stored > own or owner[2] ~= token then
    return 'FENCED'
  end
  return nil
end

-- Returns whether the shard is as the writer's last write left it. A Redis that was set back
-- holds another number of commits or another manifest; both are checked, since a file that ends
-- too early may have lost the one and kept the other.
local function rests_on(shard, seq, manifest_id)
  local stored = redis.call('HMGET', shard, 'seq', 'manifest_id')
  return (stored[1] or '0') == seq and (stored[2] or '') == manifest_id
end

-- Calls a command with arguments first..last of a list, in batches that fit on Lua's stack.
local function call_with(command, key, list, first, last)
  for from = first, last, 1000 do
    redis.call(command, key, unpack(list, from, math.min(from + 999, last)))
  end
end

-- Returns epoch, instant and revision of a view, and whether its key has another type.
-- Numbers that no worker writes are as none: an epoch of tomorrow would fence every owner for ever.
local function view_guard(key, own_epoch)
  local found = redis.pcall('HMGET', key, '_epoch', '_as_of_ms', '_revision')
  local is_other = found.err and string.find(found.err, 'wrong kind of value', 1, true)
  if found.err and not is_other then
    error(found.err)
  end
  local epoch = tonumber(found[1] or 0) or 0
  if epoch > own_epoch then
    local now = redis.call('TIME')
    if epoch > now[1] * 1000000 + now[2] + 24 * 60 * 60 * 1000000 then
      epoch = 0
    end
  end
  return {epoch = epoch, as_of = tonumber(found[2] or 0) or 0, revision = found[3]}, is_other
end
