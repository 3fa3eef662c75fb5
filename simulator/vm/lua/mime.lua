-- mime: filters for the encodings of mail (fs/lib/lua/mime.lua in components/lua/modules/luasocket).
local K = ...
local ltn12, mime = K.require("ltn12"), K.require("mime.core")
local choose = K.require("socket").choose
local cycle = ltn12.filter.cycle
local LINE = 76

mime.encodet = {
  base64 = function()
    return cycle(mime.b64, "")
  end,
  ["quoted-printable"] = function(mode)
    return cycle(mime.qp, "", mode == "binary" and "=0D=0A" or "\r\n")
  end,
}

mime.decodet = {
  base64 = function()
    return cycle(mime.unb64, "")
  end,
  ["quoted-printable"] = function()
    return cycle(mime.unqp, "")
  end,
}

local function wrap_text(length)
  return cycle(mime.wrp, length or LINE, length or LINE)
end

mime.wrapt = {
  text = wrap_text,
  base64 = wrap_text,
  default = wrap_text,
  ["quoted-printable"] = function()
    return cycle(mime.qpwrp, LINE, LINE)
  end,
}

mime.encode, mime.decode, mime.wrap = choose(mime.encodet), choose(mime.decodet), choose(mime.wrapt)

function mime.normalize(marker)
  return cycle(mime.eol, 0, marker)
end

function mime.stuff()
  return cycle(mime.dot, 2)
end

return mime
