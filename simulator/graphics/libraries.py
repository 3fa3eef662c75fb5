"""Libraries that only few scripts need, which are therefore not installed with the rest."""

from __future__ import annotations


class MissingLibraryError(Exception):
    """A library is not installed. The text says what it is for and how to get it."""

    def __init__(self, purpose: str, package: str) -> None:
        super().__init__(
            f"{purpose} need the package {package}, which is not installed: pip install 'luatwin[display]'"
        )
