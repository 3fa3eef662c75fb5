"""What libcurl 7.54.1 makes of URLs. What is expected here is what that library printed for them."""

from __future__ import annotations

import pytest

from simulator.libcurl import CurlError, Failure, Url, parse


def parsed(text: str) -> tuple[Url, list[str]]:
    said: list[str] = []
    return parse(text, said.append), said


def refused(text: str) -> tuple[Failure, list[str]]:
    said: list[str] = []
    with pytest.raises(CurlError) as caught:
        parse(text, said.append)
    return caught.value.failure, said


def test_a_whole_url_is_taken_as_it_is() -> None:
    url, said = parsed("http://us%20er:pa:ss@Server.example.:8080/a b?c=d")
    assert url == Url("http", "Server.example.", "Server.example", 8080, "/a b?c=d", "us er", "pa:ss")
    assert said == []


@pytest.mark.parametrize(
    ("text", "rebuilt", "path"),
    [
        ("http://h", "http://h/", "/"),
        ("http://h?a=b", "http://h/?a=b", "/?a=b"),
        ("http://h/../a/./b", "http://h/a/b", "/a/b"),
        ("http://h/a/../../b/.", "http://h/b/", "/b/"),
        ("http://h/.././?/../x", "http://h/?/../x", "/?/../x"),
        ("h?x#y", "h/?x#y", "/?x"),
        ("ftp.h", "ftp.h/", "/"),
    ],
)
def test_a_path_is_mended_and_that_is_told(text: str, rebuilt: str, path: str) -> None:
    url, said = parsed(text)
    assert (url.path, said) == (path, [f"Rebuilt URL to: {rebuilt}"])


def test_a_host_without_a_scheme_is_asked_by_http_unless_its_name_says_otherwise() -> None:
    assert [parsed(host)[0].scheme for host in ("server.example/", "ftp.example/", "FTP.example/", "smtp.x/")] == [
        *("http", "ftp", "ftp", "smtp"),
    ]


def test_too_few_and_too_many_slashes_are_forgiven() -> None:
    assert parsed("http:/h/x")[1] == ["Unwillingly accepted illegal URL using 1 slash!"]
    url, said = parsed("http:///a")
    assert (url.host, said[0]) == ("a", "Unwillingly accepted illegal URL using 3 slashes!")


@pytest.mark.parametrize(
    ("text", "failure", "why"),
    [
        ("", Failure.URL_MALFORMAT, "<url> malformed"),
        (":x", Failure.URL_MALFORMAT, "Bad URL, colon is first character"),
        ("http://", Failure.URL_MALFORMAT, "Bad URL"),
        ("ht\ntp://x", Failure.URL_MALFORMAT, "Illegal characters found in URL"),
        ("http://h:port/", Failure.URL_MALFORMAT, "Port number ended with 'p'"),
        ("http://h:80x/", Failure.URL_MALFORMAT, "Port number ended with 'x'"),
        ("http://a:b:c/", Failure.URL_MALFORMAT, "Port number ended with 'b'"),
        ("http://h:70000/", Failure.URL_MALFORMAT, "Port number out of range"),
        ("http://h:-1/", Failure.URL_MALFORMAT, "Port number out of range"),
        ("http://fe80::1/", Failure.URL_MALFORMAT, "IPv6 numerical address used in URL without brackets"),
        (
            "nonsense://x/",
            Failure.UNSUPPORTED_PROTOCOL,
            'Protocol "nonsense" not supported or disabled in libcurl',
        ),
    ],
)
def test_what_is_no_url_is_refused_with_a_reason(text: str, failure: Failure, why: str) -> None:
    assert refused(text) == (failure, [why])


def test_a_colon_without_a_port_means_the_usual_one_and_brackets_hold_an_address() -> None:
    assert parsed("https://h:/")[0].port == 443
    url, _ = parsed("http://[::1]:8080/")
    assert (url.host, url.port) == ("::1", 8080)
