"""The dark scheme: text drawn by Panel is as readable as the page's own text."""

import pytest
from playwright.sync_api import expect

CONTRASTS = """(part) => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const parent = (e) => e.parentElement || e.getRootNode().host || null;
  const behind = (e) => {
    for (let at = e; at; at = parent(at)) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = (root, inside) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) walk(e.shadowRoot, true);
      if (e.matches(".bk-spin-btn-up") && !e.disabled && e.getClientRects().length) {
        const [a, b] = [light(parse(getComputedStyle(e, "::before").borderBottomColor)), light(behind(e))];
        found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), "arrow"]);
      }
      if (e.matches(".bk-btn-group > .bk-btn")) { // a button shows where it ends, 3 to 1: as much as 4.5 to 1 for words
        const { borderBottomColor, borderBottomStyle, borderBottomWidth } = getComputedStyle(e);
        const [a, b] = [light(parse(borderBottomColor)), light(behind(parent(e)))];
        const seen = borderBottomStyle === "solid" && parseFloat(borderBottomWidth) >= 1;
        found.push([seen ? 1.5 * (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) : 0, "border"]);
      }
      const says = inside && e.matches("label, .bk-slider-title, input, select, button") && e.getClientRects().length;
      if (!says || e.disabled) continue;
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
      found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim() || e.tagName]);
    }
  };
  walk(document.querySelector(`[data-part="${part}"]`), false);
  return found;
}"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_controls_are_readable_in_both_schemes(new_reader, scheme):
    """Labels, fields, arrows and buttons of the workbenches have a contrast of at least 4.5 to 1."""
    reader = new_reader(color_scheme=scheme).open().live()
    for part in "123":
        reader.page.get_by_role("link", name=f"Part {part}").first.click()
        expect(reader.locator(f"[data-part='{part}']")).to_be_visible()
        contrasts = reader.page.evaluate(CONTRASTS, part)
        assert len(contrasts) > 3 and any(name == "arrow" for _, name in contrasts)
        assert not [pair for pair in contrasts if pair[0] < 4.5], part
