"""The first views of the workbenches in the page: the files that they load exist."""

import json
import re


def test_every_style_sheet_of_a_first_view_is_in_the_site(dist):
    """Every style sheet that a first view names is in the site."""
    page = (dist / "index.html").read_text("utf-8")
    views = re.findall(r'<script type="application/json" data-document="\d">(.*?)</script>', page, re.DOTALL)
    assert len(views) == 3
    sheets = {
        url for view in views for url in re.findall(r'"url": ?"([^"]+\.css)"', json.dumps(json.loads(view)))
    }
    assert len(sheets) >= 4
    missing = [url for url in sheets if not (dist / url).is_file()]
    assert missing == []
