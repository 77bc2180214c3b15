-- Chance of its own for each thread, the same in each run with the same SALT.

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  math.randomseed((tonumber(os.getenv("SALT")) or 0) * 31 + number)
end
