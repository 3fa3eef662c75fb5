"""Answers of the real thing that tests compare with: ``data/``, packed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).parent / "data"


def golden(name: str) -> str:
    """Return the text of the file ``name``, which lies in ``data/`` with ``.gz`` behind its name."""
    return gzip.decompress((_DATA / f"{name}.gz").read_bytes()).decode()
