"""net.curl.sendmail against a scripted server on the virtual network; what it tells is what libcurl 7.54.1 told."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

import pytest

from simulator.network import VirtualStream
from tests.device.stage import JOIN, Stage, on_stage

QUIET = "local curl = net.curl curl.verbose(0) curl.progress(0) "
PROOF = base64.b64encode(b"me@a.example " + hmac.new(b"secret", b"<who?>", "md5").hexdigest().encode()).decode()
PLAIN = 'smtp = "mail.example", port = 25, secure = false'


class MailServer:
    """Takes any mail; what it is told is kept. ``offers`` is what it can do, ``replies`` what it says instead."""

    def __init__(self, *offers: str, replies: Mapping[str, bytes] | None = None) -> None:
        self.offers = offers
        self.replies = replies or {}
        self.lines: list[str] = []
        self.mail = b""

    async def serve(self, stream: VirtualStream) -> None:
        await stream.send_all(b"220 here\r\n")
        pending = b""
        while True:
            data = bytes(await stream.receive_some())
            if not data:
                return
            pending += data
            if self.lines and self.lines[-1] == "DATA" and "DATA" not in self.replies:
                if b"\r\n.\r\n" not in pending:
                    continue
                self.mail, _, pending = pending.partition(b"\r\n.\r\n")
                self.lines.append(".")
                await stream.send_all(self.replies.get(".", b"250 taken") + b"\r\n")
            while b"\r\n" in pending:
                line, _, pending = pending.partition(b"\r\n")
                self.lines.append(line.decode())
                await stream.send_all(self._reply_to(line.decode()))

    def _reply_to(self, line: str) -> bytes:
        verb = line.partition(" ")[0]
        usual = {"DATA": b"354 go on", "QUIT": b"221 bye", "AUTH": b"334 " + base64.b64encode(b"<who?>")}
        if verb == "EHLO" and verb not in self.replies:
            lines = ["mail.example", *self.offers]
            return "".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines).encode()
        is_command = verb in {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT", "AUTH", "HELP"}
        return (self.replies.get(verb) or usual.get(verb) or (b"250 ok" if is_command else b"235 welcome")) + b"\r\n"


def printed(script: str, server: MailServer, files: Mapping[str, str] | None = None) -> str:
    """Return what a board that has joined prints; the server is on port 25 of ``mail.example``."""

    async def play(stage: Stage) -> str:
        stage.world.add_server("mail.example", server.serve, port=25)
        return (await stage.printed()).replace("\r", "")

    return on_stage(play, board="M5STACK", script=JOIN + script, files=files)


def send(more: str = "") -> str:
    fields = f'user = "me@a.example", pass = "secret", to = "you@b.example", {PLAIN}, {more}'
    return f"{QUIET} print(curl.sendmail{{{fields}}})"


def test_a_mail_is_sent_and_everything_is_told() -> None:
    server = MailServer("SIZE 1000")
    script = send().replace("curl.verbose(0)", "").replace("print(", "local _ = (")
    assert printed(script, server) == (
        "* Rebuilt URL to: smtp://mail.example:25/\n* timeout on name lookup is not supported\n"
        "*   Trying 203.0.113.1...\n* TCP_NODELAY set\n* Connected to mail.example (203.0.113.1) port 25 (#0)\n"
        "< 220 here\n> EHLO localhost\n< 250-mail.example\n< 250 SIZE 1000\n> MAIL FROM:<me@a.example>\n< 250 ok\n"
        "> RCPT TO:<you@b.example>\n< 250 ok\n> DATA\n< 354 go on\n< 250 taken\n> QUIT\n< 221 bye\n"
        "* Closing connection 0\n\n"
    )
    assert server.mail.endswith(b"\r\nSubject: LUA_RTOS_ESP32\r\nImportance: Low\r\nX-Priority: 5\r\n"
                                b"X-MSMail-Priority: Low\r\nContent-Type: text/plain\r\n"
                                b"Content-Transfer-Encoding: 8bit\r\nContent-Disposition: inline\r\n\r\n"
                                b"Message from Lua_RTOS_ESP32")  # fmt: skip


def test_lists_of_people_and_files_are_heeded() -> None:
    server = MailServer()
    more = 'to = {"a@x", 5, "b@x"}, cc = {"c@x"}, subj = "S", msg = "M", attach = {"/f.txt", "/none", "/empty"}'
    assert printed(send(more), server, files={"/f.txt": "file", "/empty": ""}) == "\ntrue\tOK\n"
    assert server.lines[2:5] == ["RCPT TO:<a@x>", "RCPT TO:<b@x>", "RCPT TO:<c@x>"]
    assert b"To: <a@x>,\r\n\t<b@x>\r\nCc: <c@x>\r\nSubject: S\r\n" in server.mail
    assert b'filename="f.txt"\r\nContent-Transfer-Encoding: base64\r\n\r\nZmlsZW==\r\n' in server.mail
    assert server.mail.count(b"filename=") == 1


def test_a_dot_that_begins_a_line_is_doubled_wherever_a_piece_ends() -> None:
    for filling in range(253, 258):
        server = MailServer()
        printed(send(f'msg = ("x"):rep({filling}) .. "\\r\\n.\\r\\n..y\\r\\n"'), server)
        assert server.mail.endswith(b"x\r\n..\r\n...y")


@pytest.mark.parametrize(
    ("offer", "lines"),
    [
        ("AUTH PLAIN LOGIN", ["AUTH LOGIN", "bWVAYS5leGFtcGxl"]),
        ("AUTH PLAIN", ["AUTH PLAIN", base64.b64encode(b"\0me@a.example\0secret").decode()]),
        ("AUTH LOGIN CRAM-MD5", ["AUTH CRAM-MD5", PROOF]),
    ],
)
def test_the_best_mechanism_that_is_offered_is_taken(offer: str, lines: list[str]) -> None:
    server = MailServer(offer)
    assert printed(send(), server) == "\ntrue\tOK\n"
    assert server.lines[1:3] == lines


@pytest.mark.parametrize(
    ("offers", "replies", "text", "last"),
    [
        ([], {"MAIL": b"550 no"}, "Failed sending data to the peer", "QUIT"),
        ([], {"RCPT": b"550 no"}, "Failed sending data to the peer", "QUIT"),
        ([], {"DATA": b"550 no"}, "Failed sending data to the peer", "QUIT"),
        ([], {".": b"550 no"}, "Failure when receiving data from the peer", "QUIT"),
        (["AUTH PLAIN"], {"AUTH": b"535 no"}, "Login denied", "AUTH PLAIN"),
        (["AUTH GSSAPI"], {}, "Login denied", "EHLO localhost"),
        ([], {"EHLO": b"500 no", "HELO": b"500 no"}, "Access denied to remote resource", "HELO localhost"),
    ],
)
def test_what_goes_wrong_has_libcurls_name(offers: list[str], replies: dict[str, bytes], text: str, last: str) -> None:
    server = MailServer(*offers, replies=replies)
    assert printed(send(), server) == f"\nfalse\t{text}\n"
    assert server.lines[-1] == last


def test_a_server_with_which_libcurl_would_speak_ntlm_is_an_error_that_says_so() -> None:
    script = send().replace("print(curl.sendmail{", "print(pcall(curl.sendmail, {").replace("})", "}))")
    shown = printed(script, MailServer("AUTH LOGIN NTLM"))
    assert shown == "false\tLuaTwin has no NTLM here, which the device's libcurl has\n"
    assert printed(send(), MailServer("AUTH NTLM CRAM-MD5")) == "\ntrue\tOK\n"


def test_an_old_server_gets_a_mail_without_a_login() -> None:
    server = MailServer(replies={"EHLO": b"500 what?"})
    assert printed(send(), server) == "\ntrue\tOK\n"
    assert server.lines[:3] == ["EHLO localhost", "HELO localhost", "MAIL FROM:<me@a.example>"]


def test_with_nobody_to_send_it_to_the_library_asks_for_help_and_shows_it() -> None:
    server = MailServer(replies={"HELP": b"214 none"})
    assert printed(send("to = {}"), server) == "214 none\n\ntrue\tOK\n"
    assert server.lines == ["EHLO localhost", "HELP", "QUIT"]


def test_the_usual_server_is_the_one_that_was_set_and_progress_has_lines_of_its_own() -> None:
    script = """
        net.curl.verbose(0) net.curl.mailserver("mail.example", 25)
        print(net.curl.sendmail{user = "u", pass = "p", to = "t", secure = false, port = -1, msg = ("m"):rep(9999)})
    """
    server = MailServer()
    assert printed(script, server) == "\ntrue\tOK\n"
    assert server.mail.endswith(b"m" * 9999)


def test_mistakes() -> None:
    script = (
        QUIET
        + """
print((select(2, pcall(curl.sendmail, "x"))))
print(curl.sendmail{}) print(curl.sendmail{user = "u"}) print(curl.sendmail{user = "u", pass = 1})
"""
    )
    assert printed(script, MailServer()).splitlines() == [
        "Table parameter expected!",
        "false\tuser name not found",
        "false\tuser password not found",
        "false\trecipient's email not found",
    ]
