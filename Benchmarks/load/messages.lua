-- wrk script: GET the newest 25 exchanges (50 messages) of a random conversation out of CONVERSATIONS.

local conversations = tonumber(os.getenv("CONVERSATIONS"))

function request()
  return wrk.format("GET", string.format("/api/chat/bench-%d/messages?limit=25", math.random(0, conversations - 1)))
end

dofile(os.getenv("LOAD_FOLDER") .. "/chance.lua")
dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")
