"""Where the reference material lies that tests compare with: ``../shared`` beside the checkout, or LUATWIN_SHARED."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers import ROOT


def shared_reference(name: str) -> Path:
    """Return the path of ``name`` in the shared references.

    Skips the test where they are not there, but fails it where CI is set: there they always are.
    """
    folder = Path(os.environ.get("LUATWIN_SHARED") or ROOT.parent / "shared")
    path = folder / name
    if path.exists():
        return path
    message = f"{path} is missing; put the shared references beside the checkout or set LUATWIN_SHARED to their folder"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
