"""What is on the displays of a board, in PNG files."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import UsageError
from simulator.hardware import Bench


def check_folder(path: Path) -> None:
    """Raise `UsageError` if a file cannot be made at ``path``."""
    if not path.parent.is_dir():
        raise UsageError(f"--screenshot {path}: there is no folder {path.parent}")


def save_screenshots(path: Path, bench: Bench) -> list[Path]:
    """Write what can be seen on each display, and return the files: ``path``, and for a second display one beside it
    that has its name, ``screen-oled.png``. Without a display there is none.
    """
    from simulator.hardware.parts.display_parts import ScreenPart

    saved: list[Path] = []
    for part in bench.parts.values():
        picture = part.picture if isinstance(part, ScreenPart) else None
        if picture is not None:
            file = path.with_name(f"{path.stem}-{part.name}{path.suffix}") if saved else path
            file.write_bytes(picture.png())
            saved.append(file)
    return saved
