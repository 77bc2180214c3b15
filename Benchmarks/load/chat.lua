-- Chat completions of about half a kilobyte, each with other words. CHAT_PATH and AUTH come from the environment.
dofile(os.getenv("LOAD_FOLDER") .. "/summary.lua")

local number = tonumber(os.getenv("SALT")) or 0
local headers = {
  ["Content-Type"] = "application/json",
  ["Authorization"] = "Bearer " .. (os.getenv("AUTH") or "sk-test"),
  ["X-Verbatim-Record"] = os.getenv("RECORD"),
}

function request()
  number = number + 1
  return wrk.format("POST", "/v1/chat/completions", headers,
    '{"model":"gpt-4o-mini","messages":[{"role":"system","content":"You are a helpful assistant. 请用中文回答。"},'
    .. '{"role":"user","content":"问题 ' .. number .. '：你好，请问机器学习有哪些应用场景？能不能结合金融风控举一个具体的例子，'
    .. '并说明数据如何准备。"}],"temperature":0.7,"user":"user-' .. number % 997 .. '"}')
end
