"""What a board can do and what not: one rule a function, each with the reason and the mend.

The limits are those of the client that Lua RTOS is built with: mbedTLS as ESP-IDF cc9b06d4 configures it
(``components/mbedtls/port``, ``esp_config.h``) and ``components/sys/drivers/net_http.c``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulator.boards import Board
from simulator.check_server.probe import Answer, BodyEnd, Shake
from simulator.errors import FormatError
from simulator.firmware import Manifest, find_manifest
from simulator.formats import AppImage
from simulator.network.stock_response import LINE_BYTES_MAX, OCTET_STREAM

RSA_BITS_MAX: Final = 4096
"""The ESP32's accelerator multiplies no longer numbers (``esp_bignum.c``)."""
CHAIN_BYTES_MAX: Final = 16384 - 4
"""``CONFIG_MBEDTLS_SSL_MAX_CONTENT_LEN``, and mbedTLS joins no handshake message that is spread over records."""
CURVES: Final = (
    "secp192r1",
    "secp224r1",
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "secp256k1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
)
MISSING_OR_BAD_ARGUMENTS: Final = 470
NO_NEW_FIRMWARE: Final = 471


class Verdict(StrEnum):
    """What a rule says."""

    OK = "ok"
    FAILS = "fails"
    """A board would not be updated, or worse."""
    NOTE = "note"
    """It works; one should know all the same."""
    OPEN = "open"
    """It could not be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: what was looked at, what was found, why that matters, and what would mend it (both may be empty)."""

    what: str
    verdict: Verdict
    found: str
    why: str = ""
    mend: str = ""


def _ok(what: str, found: str) -> Finding:
    return Finding(what, Verdict.OK, found)


def _fails(what: str, found: str, why: str = "", mend: str = "") -> Finding:
    return Finding(what, Verdict.FAILS, found, why, mend)


def _note(what: str, found: str, why: str = "", mend: str = "") -> Finding:
    return Finding(what, Verdict.NOTE, found, why, mend)


def _open(what: str, found: str) -> Finding:
    return Finding(what, Verdict.OPEN, found)


def tls(stock: Shake, named: Shake | None, modern: Shake | None) -> Iterator[Finding]:
    """Judge the handshake of a board, and if it failed those with a server name and with newer versions."""
    if stock.worked:
        yield _ok("TLS version", f"{stock.version}, {stock.cipher}")
        yield _ok("server name", "not needed")
        return
    if named is not None and named.worked:
        yield _ok("TLS version", f"{named.version}, {named.cipher}")
        yield _fails(
            "server name",
            "needed",
            "a board sends no server name (SNI)",
            "make this the default server of the port",
        )
        return
    offers = f"{modern.version} works" if modern is not None and modern.worked else stock.error
    yield _fails(
        "TLS version",
        f"no TLS 1.1 ({offers})",
        "a board speaks TLS 1.1 and nothing else",
        "allow TLSv1.1 with CBC ciphers and SHA-1 (with OpenSSL 3: security level 0); luatwin serve --legacy-tls does",
    )
    yield _open("server name", "no handshake")


def certificate(shake: Shake | None) -> Iterator[Finding]:
    """Judge whether a board can take the server's certificate in. It is not checked."""
    if shake is None or not shake.certificate:
        yield _open("certificate", "no handshake")
        return
    yield _key(shake.certificate)
    if shake.chain_bytes == 0:
        yield _open("certificate chain", "encrypted in this handshake")
    elif shake.chain_bytes > CHAIN_BYTES_MAX:
        yield _fails(
            "certificate chain",
            f"{shake.chain_bytes} bytes",
            f"a board has room for {CHAIN_BYTES_MAX}",
            "send only what leads to the root",
        )
    else:
        yield _ok("certificate chain", f"{shake.chain_bytes} bytes")


def _key(der: bytes) -> Finding:
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        return _open("certificate", f"cannot be read: {error}")
    mend = "use an RSA key of 2048 bits"
    match key:
        case rsa.RSAPublicKey() if key.key_size > RSA_BITS_MAX:
            why = f"the ESP32 calculates with {RSA_BITS_MAX} bits at most"
            return _fails("certificate", f"RSA, {key.key_size} bits", why, mend)
        case rsa.RSAPublicKey():
            return _ok("certificate", f"RSA, {key.key_size} bits")
        case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
            return _ok("certificate", f"ECDSA, {key.curve.name}")
        case _:
            name = type(key).__name__.lstrip("_").removesuffix("PublicKey")
            return _fails("certificate", name, "mbedTLS of that time does not know it", mend)


def firmware_answer(answer: Answer) -> Iterator[Finding]:
    """Judge the answer to a board that has an old commit and is to be updated."""
    status = answer.status
    if status is None:
        found = answer.head.partition(b"\r\n")[0].decode("latin-1")[:60] or f"nothing ({answer.end.value})"
        yield _fails("status", found, "a board reads HTTP/1.x and a number")
        return
    yield _status(status, answer)
    if status != 200:
        return
    yield _content_type(answer)
    yield _content_length(answer)
    yield _framing(answer)
    longest = max(len(line) + 2 for line in answer.head.split(b"\r\n"))
    if longest >= LINE_BYTES_MAX:
        why = f"a board reads lines of less than {LINE_BYTES_MAX} bytes"
        yield _fails("header lines", f"one has {longest} bytes", why, "send shorter headers")
    else:
        yield _ok("header lines", f"at most {longest} bytes")


def _status(status: int, answer: Answer) -> Finding:
    silent = "a board takes any other status for nothing to do, and prints nothing"
    match status:
        case 200:
            return _ok("status", "200 for an old commit")
        case 301 | 302 | 303 | 307 | 308:
            to = answer.header("location") or "nowhere"
            return _fails(
                "status", f"{status} to {to}", f"a board follows no redirect; {silent}", "answer at this address"
            )
        case 400:
            why = "a board's Host header is 'name:443 ' with a space at its end, and it sends no other header"
            return _fails("status", "400", why, "accept white space at the end of a header")
        case 470:
            return _fails(
                "status",
                "470",
                "the server has no such firmware, or took offence",
                "name a firmware that it has with --firmware",
            )
        case 471:
            return _fails(
                "status",
                "471 for an old commit",
                "no board would ever be updated",
                "compare the argument commit with that of the newest image",
            )
        case _:
            return _fails("status", str(status), silent, "answer 200, 470 or 471")


def _exact(answer: Answer, name: str) -> tuple[str | None, str]:
    """Return the value of a header that a board sees, and how its name is written if in another way."""
    for found, value in answer.headers:
        if found == name:
            return value, ""
    other = next((found for found, _ in answer.headers if found.lower() == name.lower()), "")
    return None, other


def _content_type(answer: Answer) -> Finding:
    value, other = _exact(answer, "Content-Type")
    if value is None:
        found = f"written {other}" if other else "none"
        return _note("Content-Type", found, "a board does not see it and takes everything")
    if value == OCTET_STREAM or value.startswith(f"{OCTET_STREAM};"):
        return _ok("Content-Type", value)
    why = "net.ota() raises an error (invalid content)"
    return _fails("Content-Type", value, why, f"send {OCTET_STREAM}")


def _content_length(answer: Answer) -> Finding:
    value, other = _exact(answer, "Content-Length")
    lost = "without it a board reads a random number from its stack: it restarts without update, or never ends"
    if value is None and other:
        return _fails(
            "Content-Length", f"written {other}", f"names are case-sensitive there; {lost}", "write Content-Length"
        )
    if value is None:
        return _fails("Content-Length", "none", lost, "send the length of the image")
    if not value.isdecimal() or int(value) == 0:
        return _fails(
            "Content-Length",
            value,
            "a board restarts at once, without update, for ever",
            "send the length of the image",
        )
    if len(answer.body) < int(value):
        return _fails(
            "Content-Length",
            f"{len(answer.body)} of {value} bytes came ({answer.end.value})",
            _SHORT[answer.end],
            "send it whole",
        )
    return _ok("Content-Length", value)


_SHORT: Final = {
    BodyEnd.CUT: "a board prints the same line for ever, until somebody resets it",
    BodyEnd.NOTICE: "a board writes over its flash until it crashes",
    BodyEnd.BROKEN: "a board writes over its flash until it crashes",
    BodyEnd.SILENCE: "a board writes over its flash until it crashes",
    BodyEnd.COMPLETE: "",
    BodyEnd.TOO_LONG: "the image does not fit into any slot",
}


def _framing(answer: Answer) -> Finding:
    coding = answer.header("transfer-encoding")
    if coding is not None:
        return _fails(
            "body",
            f"Transfer-Encoding: {coding}",
            "a board takes the chunk sizes for firmware",
            "send the image as it is, with Content-Length",
        )
    coding = answer.header("content-encoding")
    if coding is not None and coding.lower() != "identity":
        return _fails(
            "body",
            f"Content-Encoding: {coding}",
            "a board unpacks nothing",
            "do not compress; a board does not ask for it",
        )
    return _ok("body", "as it is")


def image(answer: Answer, board: Board) -> Iterator[Finding]:
    """Judge what would be written into the slot of ``board``."""
    try:
        parsed = AppImage.from_bytes(answer.body)
    except FormatError as error:
        why = "the board refuses it after the download"
        yield _fails("image", str(error), why, "serve an image that esptool image-info accepts")
        return
    yield _ok("image", f"sound, {len(parsed.segments)} segments")
    slots = board.partition_table().ota_slots
    room = min((slot.size for slot in slots), default=0)
    if not slots:
        yield _open("size", f"{board.documented_id} has no OTA slots")
    elif len(answer.body) > room:
        yield _fails("size", f"{len(answer.body)} bytes", f"the slot of {board.documented_id} has {room}")
    else:
        yield _ok("size", f"{len(answer.body)} of {room} bytes")
    manifest = find_manifest(answer.body)
    if manifest is None:
        yield _note("firmware", "no Lua RTOS that could be recognised")
    elif board.ota_firmware_id in manifest.ids:
        yield _ok("firmware", f"{board.ota_firmware_id}, commit {manifest.commit[:12]}")
    else:
        yield _fails(
            "firmware",
            f"for {manifest.documented_id}",
            f"{board.ota_firmware_id} was asked for, and a board does not look",
        )


def newest(answer: Answer | None, manifest: Manifest | None) -> Finding:
    """Judge the answer to a board that has the newest firmware already."""
    if answer is None or manifest is None:
        return _open("newest commit", "the image does not tell its commit")
    if answer.status == NO_NEW_FIRMWARE:
        return _ok("newest commit", "471")
    why = "a board that has the newest firmware installs it again, for ever" if answer.status == 200 else ""
    judge = _fails if answer.status == 200 else _note
    return judge("newest commit", str(answer.status), why, "answer 471")


def bad_question(answer: Answer) -> Finding:
    """Judge the answer to a question without a commit."""
    if answer.status == MISSING_OR_BAD_ARGUMENTS:
        return _ok("missing argument", "470")
    why = "the board would write it" if answer.status == 200 else "a board prints no message then"
    return _note("missing argument", str(answer.status), why, "answer 470")
