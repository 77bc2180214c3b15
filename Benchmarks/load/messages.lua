-- wrk script: GET the newest 25 exchanges (50 messages) of a random conversation out of CONVERSATIONS.

local conversations = tonumber(os.getenv("CONVERSATIONS"))

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  math.randomseed((tonumber(os.getenv("SALT")) or 0) * 31 + number)
end

function request()
  return wrk.format("GET", string.format("/api/chat/bench-%d/messages?limit=25", math.random(0, conversations - 1)))
end

dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")
