-- net.http: fetching by HTTPS (components/lua/modules/net/net_http.inc).
local K = ...
local arg, request = K.arg, K.request
local error, pack, select = error, table.pack, select

local http = {}

-- get(server, resource [, expected_type]): the code and, after a 200 with a body, the chunks from index 1. The index
-- wraps after 255, so something may be at 0.
function http.get(...)
  local server, resource = arg.string(1, ...), arg.string(2, select(2, ...))
  local answer = pack(request("net.http.get", server, resource, arg.optional(arg.string, 3, (select(3, ...)))))
  if not answer[1] then
    error(answer[2], 0)
  elseif answer.n == 1 then
    return answer[1]
  end
  local chunks = {}
  for i = 2, answer.n do
    chunks[i - 2] = answer[i]
  end
  return answer[1], chunks
end

-- download(server, resource, expected_type, filename [, overwrite=false]): the code.
function http.download(...)
  local server, resource = arg.string(1, ...), arg.string(2, select(2, ...))
  local expected_type, path = arg.string(3, select(3, ...)), arg.string(4, select(4, ...))
  local overwrite = false
  if select("#", ...) == 5 then
    overwrite = arg.boolean(5, select(5, ...))
  end
  local code = request("net.http.download", server, resource, expected_type, path, overwrite)
  return code
end

return K.module("net.http", http)
