"""The reference of the core as pages, made from its docstrings and types by pdoc.

The pages are published next to the lab under `api/`. They are not part of `dist/`, so neither the archive for
readers offline nor the service worker has them.
"""

import os
import shutil
from pathlib import Path

PACKAGE = "dataselect_core"
PLACE = Path(".build") / "reference"


def build(root, folder=None):
    """Write the pages of all public modules.

    Parameters
    ----------
    root : Path
        The checkout.
    folder : Path, optional
        The folder for the pages; earlier contents are replaced.

    Returns
    -------
    Path
        The folder. Its `index.html` leads to the package.
    """
    os.environ["PDOC_ALLOW_EXEC"] = "1"  # for annotations that only a type checker imports
    import pdoc  # available only once .venv exists
    import pdoc.render

    folder = folder or root / PLACE
    shutil.rmtree(folder, ignore_errors=True)
    pdoc.render.configure(docformat="numpy", footer_text="Data Selection lab", search=True)
    pdoc.pdoc(PACKAGE, output_directory=folder)
    if not (folder / PACKAGE).is_dir():
        raise RuntimeError(f"pdoc wrote no page of {PACKAGE}")
    return folder
