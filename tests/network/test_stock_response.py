"""How the stock firmware reads responses: what it understands, and the three ways in which it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.network.stock_response import (
    LINE_BYTES_MAX,
    StockAnswer,
    StockFailure,
    StockHttpError,
    StockPanicError,
    StockResponseParser,
    atoi,
)

USUAL = (
    b"HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Type: application/octet-stream\r\nContent-Length: 1048576\r\n\r\n"
)


def read_whole(data: bytes, **options: str | None) -> StockAnswer:
    """Read ``data`` as one piece, then the end of the connection."""
    parser = StockResponseParser(**options)
    return parser.feed(data) or parser.feed_end()


def read_byte_by_byte(data: bytes, **options: str | None) -> StockAnswer:
    parser = StockResponseParser(**options)
    for byte in data:
        answer = parser.feed(bytes([byte]))
        if answer is not None:
            return answer
    return parser.feed_end()


Read = Callable[..., StockAnswer]
read_ways = pytest.mark.parametrize("read", [read_whole, read_byte_by_byte])


def response(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *lines, "")).encode("latin-1")


@read_ways
def test_the_usual_response(read: Read):
    assert read(USUAL) == StockAnswer(
        code=200,
        content_length=1048576,
        content_type="application/octet-stream",
        headers=(
            ("Server", "Apache"),
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", "1048576"),
        ),
    )


def test_what_follows_the_headers_is_left_over():
    parser = StockResponseParser()
    assert parser.feed(USUAL + b"\xe9\x06body") is not None
    assert parser.leftover == b"\xe9\x06body"


@read_ways
@pytest.mark.parametrize("length", range(len(USUAL)))
def test_a_response_cut_anywhere_is_unreadable_or_an_error(read: Read, length: int):
    status_line = USUAL.index(b"\n") + 1
    if length < status_line:
        assert read(USUAL[:length]) == StockAnswer(code=None)
    else:
        with pytest.raises(StockHttpError) as caught:
            read(USUAL[:length])
        assert (caught.value.failure, caught.value.extra) == (StockFailure.INVALID_RESPONSE, "http response")


@read_ways
@pytest.mark.parametrize("code", [470, 471, 404, 500, 301, 206, 0])
def test_the_headers_of_any_other_code_are_not_read(read: Read, code: int):
    assert read(b"HTTP/1.1 %d Whatever\r\nnot a header" % code) == StockAnswer(code=code)


@read_ways
@pytest.mark.parametrize(
    "line", ["HTTP/1.1 471", "HTTP/9.9 471x", "HTTP/1.1   471 spaces", "HTTP/ 1.1 471", "//HTTP/1.1 +471", "HTTP// 471"]
)
def test_a_status_line_is_taken_apart_leniently(read: Read, line: str):
    assert read(line.encode() + b"\r\n").code == 471


@read_ways
@pytest.mark.parametrize(
    "line", ["\r\n", "HTTP/1.1 200 OK\n", "\n", "", "x", "HTTP/1.1 200 OK", "\0HTTP/1.1 200 OK\r\n"]
)
def test_a_status_line_that_is_empty_or_without_its_end_is_unreadable(read: Read, line: str):
    assert read(line.encode()) == StockAnswer(code=None)


@read_ways
@pytest.mark.parametrize(
    "line", ["SSH-2.0-dropbear", "http/1.1 200 OK", " HTTP/1.1 200 OK", "<html>", "HTTPS/1.1 200 OK"]
)
def test_another_protocol_is_an_error(read: Read, line: str):
    with pytest.raises(StockHttpError) as caught:
        read(line.encode() + b"\r\n")
    assert (caught.value.failure, caught.value.extra) == (StockFailure.INVALID_RESPONSE, "not HTTP protocol")


@read_ways
@pytest.mark.parametrize("line", ["HTTP/1.1", "HTTP/1.1 ", "HTTP", "HTTP/"])
def test_a_status_line_without_a_code_is_a_null_pointer(read: Read, line: str):
    with pytest.raises(StockPanicError):
        read(line.encode() + b"\r\n")


@read_ways
@pytest.mark.parametrize(
    "name", ["content-length", "CONTENT-LENGTH", "Content-length", " Content-Length", "Content-Length "]
)
def test_names_of_headers_are_case_sensitive_and_exact(read: Read, name: str):
    assert read(response(f"{name}: 7")).content_length is None


@read_ways
def test_a_lower_case_content_type_is_not_checked(read: Read):
    assert read(response("content-type: text/html")).content_type is None


@read_ways
@pytest.mark.parametrize(
    ("value", "length"),
    [
        (" 7", 7),
        ("17", 7),
        (":  9", 9),
        (" 12 apples", 12),
        (" apples", 0),
        (" ", 0),
        (" -1", -1),
        (" 99999999999", 2**31 - 1),
        (" -99999999999", -(2**31)),
    ],
)
def test_a_length_is_what_atoi_makes_of_the_value_without_its_first_character(read: Read, value: str, length: int):
    assert read(response(f"Content-Length:{value}")).content_length == length


def test_of_two_lengths_the_last_counts():
    assert read_whole(response("Content-Length: 1", "Content-Length: 2")).content_length == 2


@read_ways
@pytest.mark.parametrize("header", ["Content-Length:", "Content-Type:", "Content-Length", "Content-Type"])
def test_a_header_without_a_value_is_a_null_pointer(read: Read, header: str):
    with pytest.raises(StockPanicError):
        read(response(header))


@read_ways
@pytest.mark.parametrize(
    "value", [" application/octet-stream", " application/octet-stream;charset=x", "\tapplication/octet-stream;"]
)
def test_acceptable_types(read: Read, value: str):
    assert read(response(f"Content-Type:{value}")).code == 200


@read_ways
@pytest.mark.parametrize(
    ("value", "got"),
    [
        (" text/html", "text/html"),
        ("application/octet-stream", "pplication/octet-stream"),
        (" application/octet-stream ; charset=x", "application/octet-stream ; charset=x"),
        (" application/octet-streams", "application/octet-streams"),
        (" Application/Octet-Stream", "Application/Octet-Stream"),
    ],
)
def test_any_other_type_is_an_error_at_once(read: Read, value: str, got: str):
    with pytest.raises(StockHttpError) as caught:
        read(response(f"Content-Type:{value}")[:-2])  # the headers have not ended yet
    assert caught.value.failure is StockFailure.INVALID_CONTENT
    assert caught.value.extra == f"Content-Type is '{got}', expected 'application/octet-stream'"


def test_another_type_or_any_can_be_expected():
    page = response("Content-Type: text/html")
    assert read_whole(page, expected_type="text/html").content_type == "text/html"
    assert read_whole(page, expected_type=None).content_type == "text/html"


@read_ways
def test_a_line_may_fill_the_buffer_and_no_more(read: Read):
    fitting = "X: " + "a" * (LINE_BYTES_MAX - len("X: \r\n"))
    assert read(response(fitting, "Content-Length: 7")).content_length == 7
    with pytest.raises(StockHttpError) as caught:
        read(response(fitting + "a", "Content-Length: 7"))
    assert caught.value.extra == "http response"


@read_ways
@pytest.mark.parametrize("line", [b"Content-Length: 7\n", b"\n", b"\r", b"Content-Length: 7\r"])
def test_a_header_line_that_does_not_end_in_cr_lf_is_an_error(read: Read, line: bytes):
    with pytest.raises(StockHttpError) as caught:
        read(b"HTTP/1.1 200 OK\r\n" + line)
    assert caught.value.failure is StockFailure.INVALID_RESPONSE


@read_ways
def test_a_zero_byte_ends_the_text_of_a_line(read: Read):
    assert read(response("Content-Length: 7\x0099")).content_length == 7


def test_an_error_names_the_failure_and_the_detail():
    assert str(StockHttpError(StockFailure.CANNOT_CONNECT)) == "CannotConnect"
    assert str(StockHttpError(StockFailure.INVALID_RESPONSE, "http response")) == "InvalidResponse (http response)"


@pytest.mark.parametrize("failure", StockFailure)
def test_every_failure_is_an_exception_of_the_net_driver(failure: StockFailure):
    from simulator.vm.exceptions import DRIVERS

    assert failure.value in DRIVERS["net"].exceptions


@pytest.mark.parametrize(("text", "number"), [(b"", 0), (b" \t42x", 42), (b"+7", 7), (b"--7", 0), (b"0x10", 0)])
def test_atoi(text: bytes, number: int):
    assert atoi(text) == number
