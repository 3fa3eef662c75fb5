-- mbox: mail boxes in one text taken apart (fs/lib/lua/mbox.lua in components/lua/modules/luasocket).
local find, gmatch, gsub, lower, match, sub = string.find, string.gmatch, string.gsub, string.lower, string.match, string.sub

local mbox = {}

local function with_line_feeds(text)
  text = gsub(text, "\r\n", "\n")
  return text
end

-- Headers and body.
function mbox.split_message(message)
  message = with_line_feeds(message)
  local headers = match(message, "^(.-\n)\n")
  local body = match(message, "^.-\n\n(.*)") or match(message, "^\n(.*)")
  if not headers and not body then
    headers = message
  end
  return headers or "", body or ""
end

-- The headers one by one; those that go on in the next line are whole.
function mbox.split_headers(text)
  local list = {}
  for header in gmatch((gsub(with_line_feeds(text), "\n[ ]+", " ")), "[^\n]+") do
    list[#list + 1] = header
  end
  return list
end

-- Name and value.
function mbox.parse_header(header)
  header = gsub(gsub(header, "\n[ ]+", " "), "\n+", "")
  return match(header, "([^%s:]-):%s*(.*)")
end

-- Values by name in lower case.
function mbox.parse_headers(text)
  local headers = {}
  for _, header in ipairs(mbox.split_headers(text)) do
    local name, value = mbox.parse_header(header)
    if name then
      name = lower(name)
      headers[name] = headers[name] and headers[name] .. ", " .. value or value
    end
  end
  return headers
end

-- The name and the address of a sender.
function mbox.parse_from(from)
  local name, address = match(from, "^%s*(.-)%s*%<(.-)%>")
  address = address or match(from, "%s*(.+)%s*") or ""
  if not name or name == "" then
    name = address
  end
  return gsub(name, '"', ""), address
end

-- The messages of a box: each but the first begins behind a line "From ...".
function mbox.split_mbox(text)
  text = with_line_feeds(text) .. "\n\nFrom \n"
  local messages, start = {}, 1
  local from, to = find(text, "\n\nFrom .-\n", start)
  while from do
    messages[#messages + 1] = sub(text, start, from - 1)
    start = to + 1
    from, to = find(text, "\n\nFrom .-\n", start)
  end
  return messages
end

function mbox.parse_message(message)
  local headers, body = mbox.split_message(message)
  return {headers = mbox.parse_headers(headers), body = body}
end

function mbox.parse(text)
  local messages = mbox.split_mbox(text)
  for i, message in ipairs(messages) do
    messages[i] = mbox.parse_message(message)
  end
  return messages
end

return mbox
