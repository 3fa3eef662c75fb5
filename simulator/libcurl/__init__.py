"""libcurl 7.54.1 as Lua RTOS uses it: HTTP, FTP and SMTP on a board's interface, with all that it says of itself.

It is here because scripts see it: by default the module prints every line that the library tells, the callback for the
progress takes time at each of its steps, and a file or a mail goes out as this version writes it. What is asked for and
what becomes of the results is the matter of `simulator.device.drivers.curl`.

Read `easy` (time), then `transfer` (the states), then `http`, `ftp` and `smtp`.
"""

from simulator.libcurl.connection import AUTHORITIES
from simulator.libcurl.easy import Counts, Easy, Progress, Settings, Surroundings
from simulator.libcurl.failure import CurlError, Failure, NotHereError
from simulator.libcurl.form import Field, Form
from simulator.libcurl.ftp import FtpOptions, FtpTransfer
from simulator.libcurl.http import HttpTransfer
from simulator.libcurl.smtp import Mail, SmtpTransfer
from simulator.libcurl.transfer import Sink, Transfer
from simulator.libcurl.url import Url, parse

__all__ = [
    "AUTHORITIES",
    "Counts",
    "CurlError",
    "Easy",
    "Failure",
    "Field",
    "Form",
    "FtpOptions",
    "FtpTransfer",
    "HttpTransfer",
    "Mail",
    "NotHereError",
    "Progress",
    "Settings",
    "Sink",
    "SmtpTransfer",
    "Surroundings",
    "Transfer",
    "Url",
    "parse",
]
