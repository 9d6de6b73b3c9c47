-- The lab in a Quarto document: a frame in HTML, a link in all other formats.
--
--   {{< data-selection-lab part=1 track=cloud >}}
--   {{< data-selection-lab part=2 version=0.1.0 height=50rem query="seed=5" >}}
--
-- The address of the lab is `base`, here or for all documents in _quarto.yml:
--
--   data-selection-lab:
--     base: https://lab.example/data-selection/
--
-- Checked by reading and with stand-ins for Quarto's functions; it has not run in Quarto yet.

local NAME = "data-selection-lab"
local TITLES = { ["1"] = "the Deduplication Audit", ["2"] = "Active Learning ROI", ["3"] = "the Domain Gap Synthesis" }
local TRACKS = { cloud = true, edge = true, mobile = true, tiny = true }

local function text(value)
  return value == nil and "" or pandoc.utils.stringify(value)
end

local function escaped(value)
  return (value:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function require_that(condition, sentence)
  if not condition then
    error("Shortcode " .. NAME .. ": " .. sentence, 0)
  end
end

-- The address of the lab's folder, ending in a slash; of one version, if one is named.
local function folder(kwargs, meta)
  local base = text(kwargs.base)
  if base == "" and meta and type(meta[NAME]) == "table" then
    base = text(meta[NAME].base)
  end
  require_that(base:match("^https://[^%s\"<>]+$") or base:match("^http://127%.0%.0%.1[:/]") or base:match("^http://localhost[:/]"),
    "base must be the https address of the lab's folder.")
  if base:sub(-1) ~= "/" then
    base = base .. "/"
  end
  local version = text(kwargs.version)
  require_that(version == "" or version:match("^%d+%.%d+%.%d+$"), "version must be a number such as 0.1.0.")
  return version == "" and base or base .. "v" .. version .. "/"
end

local function shortcode(args, kwargs, meta)
  local part, track = text(kwargs.part), text(kwargs.track)
  local query, height = text(kwargs.query), text(kwargs.height)
  require_that(part == "" or TITLES[part], "part must be 1, 2 or 3.")
  require_that(track == "" or TRACKS[track], "track must be cloud, edge, mobile or tiny.")
  require_that(query:match("^[%w_%.=&%%+-]*$"), "query must be settings as in the lab's address, such as seed=5&width=3.")
  require_that(height == "" or height:match("^%d+%.?%d*[a-z]+$"), "height must be a length such as 40rem.")
  local settings = {}
  if track ~= "" then table.insert(settings, "track=" .. track) end
  if part ~= "" then table.insert(settings, "part=" .. part) end
  if query ~= "" then table.insert(settings, query) end
  local address = folder(kwargs, meta) .. "index.html"
  local title = "Data Selection lab" .. (part ~= "" and ", Part " .. part .. ": " .. TITLES[part] or "")

  if quarto.doc.is_format("html:js") then
    local source = address .. "?" .. table.concat({ "embed=1", table.unpack(settings) }, "&")
    return pandoc.RawBlock("html", string.format(
      '<iframe src="%s" title="%s" loading="lazy" allow="clipboard-write" style="width: 100%%; height: %s; border: 0"></iframe>',
      escaped(source), escaped(title), height ~= "" and height or "40rem"))
  end
  local link = #settings > 0 and address .. "?" .. table.concat(settings, "&") or address
  return pandoc.Para({ pandoc.Link(pandoc.Str(title), link) })
end

return { [NAME] = shortcode }
