-- wrk script: POST exchanges of about 1 KB in Chinese and English. One in five continues an older conversation,
-- one in ten carries a file, each has a client_message_id of its own. SALT makes the ids of one run its own;
-- KEY, where there is one, is sent with each;
-- CONNECTIONS keeps a conversation from being continued while the request that creates it may still be under way.

local salt = tonumber(os.getenv("SALT")) or 0
local connections = tonumber(os.getenv("CONNECTIONS")) or 1

local questions = {
  "请解释一下什么是过拟合，并说明在训练小数据集时可以采取哪些办法来缓解，最好给出具体的例子。",
  "帮我把下面这段需求整理成要点，标出优先级，并指出哪些地方还需要和客户再次确认清楚。",
  "周末想带孩子去郊外走一走，有没有适合小学生的路线？需要注意天气、饮水和返程的时间。",
  "请比较行式存储与列式存储在写入、查询和压缩方面的差别，并说明各自适合的业务场景。",
}
local answers = {
  "A short plan works best: collect a baseline, change one thing at a time, and write down what you expected before you look at the outcome. Most surprises come from data nobody had looked at.",
  "Row stores keep a record together, which makes single writes and point reads cheap. Column stores keep a field together, which makes scans and compression cheap. Many systems now do both.",
  "Begin with the log: it decides what survives a crash. Then read how pages are cached and written back, how readers see a consistent state, and how all of it is tested under failure.",
}

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local headers = { ["Content-Type"] = "application/json" }
local key = os.getenv("KEY") or ""
if key ~= "" then headers["Authorization"] = "Bearer " .. key end
local texts, conversations, sent = {}, {}, 0
local prefix, gap

function init()
  math.randomseed(salt * 31 + number)
  prefix = string.format("%08x-%04x", salt % 0x100000000, number)
  gap = 2 * connections + 2
  for i = 1, 64 do
    local query = questions[i % 4 + 1] .. " (" .. i .. ") " .. answers[i % 3 + 1]
    local answer = answers[(i + 1) % 3 + 1] .. "\\n\\n" .. questions[(i + 2) % 4 + 1] .. " \\\"" .. i .. "\\\" " .. answers[(i + 2) % 3 + 1]
    texts[i] = string.format(
      '"query":"%s","answer":"%s","model_provider":"openai","model_id":"gpt-4o-mini",'
      .. '"inputs":{"lang":"zh","turn":%d},"metadata":{"latency":1.2,"temperature":0.7,"trace":"t-%d"}}',
      query, answer, i, i)
  end
end

local function conversation()
  if sent % 5 == 0 and #conversations > gap then
    return conversations[math.random(1, #conversations - gap)]
  end
  local id = string.format("%s-4000-8000-%012x", prefix, sent)
  if #conversations < 20000 then conversations[#conversations + 1] = id end
  return id
end

function request()
  sent = sent + 1
  local files = ""
  if sent % 10 == 0 then
    files = string.format(
      '"files":[{"type":"document","transfer_method":"remote_url","url":"https://example.com/f/%d.pdf","belongs_to":"user"}],',
      sent)
  end
  local body = string.format(
    '{"app_id":"app-%d","user_id":"user-%d","conversation_id":"%s","client_message_id":"%s-%d",%s%s',
    sent % 7, sent % 997, conversation(), prefix, sent, files, texts[sent % 64 + 1])
  return wrk.format("POST", "/api/chat/insert", headers, body)
end

dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")
