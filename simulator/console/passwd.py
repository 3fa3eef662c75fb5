"""``os.passwd``: the dialogue that sets the password of the remote shells (``loslib_adds.inc``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.console.history import History
from simulator.console.md5_crypt import SALT_BYTES, SALT_CHARACTERS, hash_password
from simulator.console.program import Program, read_line

PASSWORD_BYTES_MAX: Final = 64
HASH_BYTES_MAX: Final = 119
"""What is read of the file, up to the first line feed."""

_TOO_LONG: Final = b"try again, password too long\r\n"
_WRONG: Final = b"try again\r\n"


def change_password(current: bytes, *, history: History, random_bytes: Callable[[int], bytes]) -> Program[bytes | None]:
    """Return the hash of the new password, None if there shall be none. ``current`` is the old one's, or empty.

    An empty answer ends the dialogue without a word. One that ^C ends counts as far as it was typed.
    """

    def asked(prompt: bytes) -> Program[bytes]:
        answer = yield from read_line(prompt, history=history, password=True)
        if len(answer) > PASSWORD_BYTES_MAX:
            yield _TOO_LONG
            return b""
        return answer

    if current:
        old = yield from asked(b"Old Password: ")
        if not old:
            return None
        if hash_password(old, current) != current:
            yield _WRONG
            return None
    new = yield from asked(b"New Password: ")
    again = (yield from asked(b"Retype New Password: ")) if new else b""
    if not again:
        return None
    if new != again:
        yield _WRONG
        return None
    salt = bytes(SALT_CHARACTERS[byte % len(SALT_CHARACTERS)] for byte in random_bytes(SALT_BYTES))
    return hash_password(new, salt)
