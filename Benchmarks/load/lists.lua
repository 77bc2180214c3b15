-- wrk script: GET the newest 20 conversations, in turns of a random user out of CONVERSATIONS users and of the busy one.

local users = tonumber(os.getenv("CONVERSATIONS"))

local turn = 0
function request()
  turn = turn + 1
  local user = turn % 2 == 0 and "busy" or string.format("user-%d", math.random(0, users - 1))
  return wrk.format("GET", "/api/v1/conversations?limit=20&user_id=" .. user)
end

dofile(os.getenv("LOAD_FOLDER") .. "/chance.lua")
dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")
