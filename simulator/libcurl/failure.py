"""How a transfer fails: libcurl's codes with the text that a script gets for each (``lib/strerror.c`` of 7.54.1)."""

from __future__ import annotations

from enum import Enum


class Failure(Enum):
    """What ``curl_easy_perform`` returns but for CURLE_OK; the value is what ``curl_easy_strerror`` says of it."""

    UNSUPPORTED_PROTOCOL = "Unsupported protocol"
    URL_MALFORMAT = "URL using bad/illegal format or missing URL"
    COULDNT_RESOLVE_HOST = "Couldn't resolve host name"
    COULDNT_CONNECT = "Couldn't connect to server"
    WEIRD_SERVER_REPLY = "Weird server reply"
    REMOTE_ACCESS_DENIED = "Access denied to remote resource"
    FTP_WEIRD_PASV_REPLY = "FTP: unknown PASV reply"
    FTP_WEIRD_227_FORMAT = "FTP: unknown 227 response format"
    FTP_CANT_GET_HOST = "FTP: can't figure out the host in the PASV response"
    FTP_COULDNT_SET_TYPE = "FTP: couldn't set file type"
    FTP_COULDNT_RETR_FILE = "FTP: couldn't retrieve (RETR failed) the specified file"
    PARTIAL_FILE = "Transferred a partial file"
    WRITE_ERROR = "Failed writing received data to disk/application"
    UPLOAD_FAILED = "Upload failed (at start/before it took off)"
    OUT_OF_MEMORY = "Out of memory"
    OPERATION_TIMEDOUT = "Timeout was reached"
    SSL_CONNECT_ERROR = "SSL connect error"
    ABORTED_BY_CALLBACK = "Operation was aborted by an application callback"
    GOT_NOTHING = "Server returned nothing (no headers, no data)"
    SEND_ERROR = "Failed sending data to the peer"
    RECV_ERROR = "Failure when receiving data from the peer"
    BAD_CONTENT_ENCODING = "Unrecognized or bad HTTP Content or Transfer-Encoding"
    FILESIZE_EXCEEDED = "Maximum file size exceeded"
    LOGIN_DENIED = "Login denied"
    REMOTE_FILE_NOT_FOUND = "Remote file not found"


class CurlError(Exception):
    """A transfer did not succeed; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class NotHereError(CurlError):
    """libcurl would go on here, and we cannot; ``what`` is what it takes."""

    def __init__(self, what: str) -> None:
        super().__init__(Failure.LOGIN_DENIED)
        self.what = what
