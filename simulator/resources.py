"""Where the data folders of the distribution are: ``boards``, ``lua`` and ``scenarios``.

A wheel carries them inside the package (``simulator/_data``); in a checkout they lie beside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Return the folder ``name`` (``boards``, ``lua`` or ``scenarios``) of this installation."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
