-- wrk script: GET the newest 20 conversations, in turns of a random user out of CONVERSATIONS users and of the busy one.

local users = tonumber(os.getenv("CONVERSATIONS"))

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  math.randomseed((tonumber(os.getenv("SALT")) or 0) * 31 + number)
end

local turn = 0
function request()
  turn = turn + 1
  local user = turn % 2 == 0 and "busy" or string.format("user-%d", math.random(0, users - 1))
  return wrk.format("GET", "/api/v1/conversations?limit=20&user_id=" .. user)
end

dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")
