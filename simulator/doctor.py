"""What of this installation works: one finding per part, with the way to mend it. `luatwin doctor` draws them.

Each check tries the thing itself instead of asking for a version. A part that cannot even be imported is a finding
like any other, so one broken package does not hide the rest.
"""

from __future__ import annotations

import platform
import shutil
import ssl
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Final, TypeAlias

import trio

from simulator.determinism import run_world
from simulator.install import EXACT_BUILD

_PACKAGES: Final = ("trio", "lupa", "greenlet", "httpx", "h11", "littlefs-python", "cryptography", "pydantic")
_REINSTALL: Final = "make clean, then make demo"


class Status(StrEnum):
    """How a part is: as on a board, working but not as there, not needed and not here, or broken."""

    OK = "ok"
    DIFFERS = "differs"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part. ``mend`` says what to do, and is empty if nothing has to be done."""

    part: str
    status: Status
    found: str
    mend: str = ""


def examine() -> list[Finding]:
    """Try every part and return the findings, in the order in which a person reads them."""
    return [_examine(part, check) for part, check in _CHECKS.items()]


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Return whether everything works that a run needs, if perhaps not all of it as on a board."""
    return all(finding.status is not Status.BROKEN for finding in findings)


_Result: TypeAlias = tuple[Status, str] | tuple[Status, str, str]


def _examine(part: str, check: Callable[[], _Result]) -> Finding:
    try:
        return Finding(part, *check())
    except Exception as error:
        return Finding(part, Status.BROKEN, f"{type(error).__name__}: {error}", _REINSTALL)


def _python() -> _Result:
    return Status.OK, f"{platform.python_implementation()} {platform.python_version()}"


def _packages() -> _Result:
    return Status.OK, ", ".join(f"{package} {version(package)}" for package in _PACKAGES)


def _numbers() -> _Result:
    from simulator.vm.numerics import numbers_are_exact

    if numbers_are_exact():
        return Status.OK, "32-bit integers and floats, as on the board"
    return Status.DIFFERS, "64-bit integers and floats: 1/3 has too many digits, 1<<31 is positive", _mend_lua()


def _table_order() -> _Result:
    from simulator.vm.numerics import table_order_is_fixed

    if table_order_is_fixed():
        return Status.OK, "the order of pairs() depends on the table alone"
    return Status.DIFFERS, "pairs() goes another way in every process", _mend_lua()


def _firmware_calls() -> _Result:
    from simulator.vm.numerics import firmware_calls_are_calls

    if firmware_calls_are_calls():
        return Status.OK, "an error in a tail call, return net.ota(), has its position"
    return Status.DIFFERS, "an error in a tail call, return net.ota(), has no position", _mend_lua()


def _interruptions() -> _Result:
    from simulator.vm.numerics import everything_can_be_interrupted

    if everything_can_be_interrupted():
        return Status.OK, "a pattern and a finalizer can be interrupted"
    return Status.DIFFERS, "a pattern that takes for ever ends only with --wall-timeout", _mend_lua()


def _mend_lua() -> str:
    build = " ".join(f"{name}='{value}'" for name, value in EXACT_BUILD.items())
    return (
        "install a C compiler and the headers of Python (Debian: apt-get install gcc python3-dev), then make demo; or "
        f"{build} pip install --force-reinstall --no-deps --no-cache-dir --no-binary lupa lupa=={version('lupa')}"
    )


def _stock_tls() -> _Result:
    from simulator.network.tls import stock_tls_version

    if stock_tls_version() is ssl.TLSVersion.TLSv1_1:
        return Status.OK, f"1.1, as on the board ({ssl.OPENSSL_VERSION})"
    return (
        Status.DIFFERS,
        f"1.2, because {ssl.OPENSSL_VERSION} cannot do 1.1",
        "run LuaTwin with a Python whose OpenSSL still has TLS 1.1",
    )


def _determinism() -> _Result:
    orders = {tuple(run_world(_order_of_tasks, seed=seed)) for seed in (1, 1, 1, 2)}
    if len(orders) == 2:
        return Status.OK, "the seed decides the order of tasks"
    return Status.BROKEN, f"trio {version('trio')} does not follow the seed, so no run repeats", _REINSTALL


async def _order_of_tasks() -> list[int]:
    order: list[int] = []

    async def take_turns(number: int) -> None:
        for _ in range(5):
            order.append(number)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(take_turns, number)
    return order


def _boards() -> _Result:
    from simulator.boards import all_boards

    return Status.OK, f"{len(all_boards())} firmwares"


def _terminal() -> _Result:
    size = shutil.get_terminal_size()
    screen = f"{size.columns} x {size.lines}" if sys.stdout.isatty() else "none (a file or a pipe)"
    found = f"{screen}, {sys.stdout.encoding}"
    if sys.stdout.encoding.lower() == "utf-8":
        return Status.OK, found
    return Status.DIFFERS, found, "set LANG=C.UTF-8, or characters beyond ASCII are lost"


def _esptool() -> _Result:
    try:
        return Status.OK, version("esptool")
    except PackageNotFoundError:
        return Status.ABSENT, "not here", "pip install esptool, to put images on a real board"


def _images() -> _Result:
    try:
        return Status.OK, ", ".join(f"{package} {version(package)}" for package in ("pillow", "qrcodegen"))
    except PackageNotFoundError:
        return Status.ABSENT, "not here", "pip install 'luatwin[display]', for JPEG files and QR codes on displays"


_CHECKS: Final[dict[str, Callable[[], _Result]]] = {
    "Python": _python,
    "packages": _packages,
    "Lua numbers": _numbers,
    "Lua tables": _table_order,
    "Lua calls": _firmware_calls,
    "Lua hooks": _interruptions,
    "stock TLS": _stock_tls,
    "determinism": _determinism,
    "boards": _boards,
    "terminal": _terminal,
    "esptool": _esptool,
    "images": _images,
}
