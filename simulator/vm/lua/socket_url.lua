-- socket.url: URLs taken apart and put together (fs/lib/lua/socket/url.lua in components/lua/modules/luasocket).
local K = ...
local byte, char, find, format, gmatch, gsub, match, sub =
  string.byte, string.char, string.find, string.format, string.gmatch, string.gsub, string.match, string.sub
local concat, next, tonumber, tostring, type = table.concat, next, tonumber, K.tostring, K.type

local url = {_VERSION = "URL 1.0.3"}
K.require("socket").url = url

local function percent(pattern)
  return function(character)
    return format(pattern, byte(character))
  end
end
local lower_percent, upper_percent = percent("%%%02x"), percent("%%%02X")

function url.escape(text)
  text = gsub(text, "[^%w_]", lower_percent)
  return text
end

function url.unescape(text)
  text = gsub(text, "%%(%x%x)", function(digits)
    return char(tonumber(digits, 16))
  end)
  return text
end

-- What may stand in a segment of a path stays.
local function protect_segment(segment)
  segment = gsub(segment, "[^%w_%-%.!~%*'%(%):@&=%+%$,]", upper_percent)
  return segment
end

-- A path as seen from another, without "." and with ".." resolved as far as that goes.
local function absolute_path(base, relative)
  if sub(relative, 1, 1) == "/" then
    return relative
  end
  local path = gsub(base, "[^/]*$", "") .. relative
  path = gsub(path, "[^/]*%./", function(segment)
    return segment == "./" and "" or nil
  end)
  path = gsub(path, "/%.$", "/")
  local before
  repeat
    before = path
    path = gsub(path, "[^/]*/%.%./", function(segments)
      return segments ~= "../../" and "" or nil
    end)
  until path == before
  path = gsub(path, "[^/]*/%.%.$", function(segments)
    return segments ~= "../.." and "" or nil
  end)
  return path
end

-- The parts of a URL in the order in which they are cut off: where each is, and its name.
local PARTS = {
  {"^([%w][%w%+%-%.]*)%:", "scheme"}, {"^//([^/]*)", "authority"}, {"#(.*)$", "fragment"}, {"%?(.*)", "query"},
  {"%;(.*)", "params"},
}

-- Cut off what fits a pattern, and return the rest and what it was.
local function cut(text, pattern)
  local from, to, part = find(text, pattern)
  if not from then
    return text
  end
  return sub(text, 1, from - 1) .. sub(text, to + 1), part
end

function url.parse(text, default)
  local parsed = {}
  for name, value in next, default or {} do
    parsed[name] = value
  end
  if not text or text == "" then
    return nil, "invalid url"
  end
  for _, part in ipairs(PARTS) do
    local found
    text, found = cut(text, part[1])
    parsed[part[2]] = found or parsed[part[2]]
  end
  if text ~= "" then
    parsed.path = text
  end
  local authority = parsed.authority
  if not authority then
    return parsed
  end
  local userinfo, port
  authority, userinfo = cut(authority, "^([^@]*)@")
  authority, port = cut(authority, ":([^:%]]*)$")
  parsed.userinfo, parsed.port = userinfo or parsed.userinfo, port or parsed.port
  if authority ~= "" then
    parsed.host = match(authority, "^%[(.+)%]$") or authority
  end
  if parsed.userinfo then
    local password
    parsed.user, password = cut(parsed.userinfo, ":([^:]*)$")
    parsed.password = password or parsed.password
  end
  return parsed
end

local function build_authority(parsed)
  if not parsed.host then
    return parsed.authority
  end
  local host = find(parsed.host, ":", 1, true) and "[" .. parsed.host .. "]" or parsed.host
  local user = parsed.userinfo
  if parsed.user then
    user = parsed.password and parsed.user .. ":" .. parsed.password or parsed.user
  end
  return (user and user .. "@" or "") .. host .. (parsed.port and ":" .. tostring(parsed.port) or "")
end

function url.build(parsed)
  local authority = build_authority(parsed)
  return (parsed.scheme and parsed.scheme .. ":" or "") .. (authority and "//" .. authority or "") .. (parsed.path or "")
    .. (parsed.params and ";" .. parsed.params or "") .. (parsed.query and "?" .. parsed.query or "")
    .. (parsed.fragment and "#" .. parsed.fragment or "")
end

function url.absolute(base, relative)
  local base_parsed = base
  if type(base) == "table" then
    base = url.build(base_parsed)
  else
    base_parsed = url.parse(base)
  end
  local parsed = url.parse(relative)
  if not base_parsed or parsed and parsed.scheme then
    return relative
  elseif not parsed then
    return base
  end
  parsed.scheme = base_parsed.scheme
  if not parsed.authority then
    parsed.authority = base_parsed.authority
    if parsed.path then
      parsed.path = absolute_path(base_parsed.path or "", parsed.path)
    else
      parsed.path = base_parsed.path
      if not parsed.params then
        parsed.params = base_parsed.params
        parsed.query = parsed.query or base_parsed.query
      end
    end
  end
  return url.build(parsed)
end

function url.parse_path(path)
  path = path or ""
  local parsed = {}
  for segment in gmatch(path, "[^/]+") do
    parsed[#parsed + 1] = url.unescape(segment)
  end
  parsed.is_absolute = sub(path, 1, 1) == "/" and 1 or nil
  parsed.is_directory = sub(path, -1) == "/" and 1 or nil
  return parsed
end

function url.build_path(parsed, unsafe)
  local segments = {}
  for i = 1, #parsed do
    segments[i] = unsafe and parsed[i] or protect_segment(parsed[i])
  end
  return (parsed.is_absolute and "/" or "") .. concat(segments, "/") .. (parsed.is_directory and #parsed > 0 and "/" or "")
end

return url
