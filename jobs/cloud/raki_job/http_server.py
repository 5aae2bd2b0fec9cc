"""HTTP for a stranger to talk to: every phase of a connection has an end, every size a limit, and there are only so many connections."""

import contextlib
import http.server
import io
import json
import socket
import threading
import time

from raki_cloud.exits import Exit, Stop

from .folders import OwnFolder
from .payloads import MOST_JSON_BYTES, NotHttp, answer_of, manifest_of

BLOCK_BYTES = 1 << 18
RETRY_AFTER_SECONDS = 5
LAST_SECONDS = 2  # for answers that are on their way when the server ends


@contextlib.contextmanager
def listening(options, desk, scratch, log):
    """A server that answers in threads of its own. Throws Stop where the address is taken."""
    host, _, port = options.listen.rpartition(":")
    try:
        server = _Server((host.strip("[]"), int(port)), options, desk, scratch, log)
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, f"Cannot listen: found '{error.strerror}', expected a free port of this machine. At --listen. Choose another one.") from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.wait_for_answers(LAST_SECONDS)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address, options, desk, scratch, log):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        self.options, self.desk, self.scratch, self.log = options, desk, scratch, log
        self._places, self._open, self._closed = threading.Semaphore(options.connections), 0, threading.Condition()

    def process_request(self, request, client_address):
        """One too many is closed without a word: an answer would need a thread, too."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._closed:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()
            with self._closed:
                self._open -= 1
                self._closed.notify_all()

    def wait_for_answers(self, seconds):
        with self._closed:
            self._closed.wait_for(lambda: self._open == 0, seconds)

    def handle_error(self, request, client_address):
        """Connections that break, which is the other side's matter."""


class _Timed(io.RawIOBase):
    """What comes from a socket until `end`: byte after byte does not keep a connection open for ever."""

    def __init__(self, connection, seconds):
        super().__init__()
        self._connection, self._end = connection, time.monotonic() + seconds

    def readable(self):
        return True

    def allow(self, seconds):
        self._end = time.monotonic() + seconds

    def readinto(self, buffer):
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request a connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "raki", ""

    def setup(self):
        super().setup()
        self._timed = _Timed(self.connection, self.server.options.header_timeout)
        self.rfile = io.BufferedReader(self._timed, BLOCK_BYTES)
        self._has_more = False  # of the request, than was read

    def log_message(self, *_):
        """What a client wrote stands in no log."""

    def do_GET(self):
        if self.path != "/ping":
            return self._refuse(404, "no such path")
        self._send(200 if self.server.desk.is_open else 503, b"")

    def do_POST(self):
        self._has_more = True
        if self.path != "/invocations":
            return self._refuse(404, "no such path")
        began, self._code = time.monotonic(), None
        try:
            own = OwnFolder(self.server.scratch)
        except OSError:
            return self._refuse(507, "no room for the request")
        try:
            self._invoke(own.path)
        except NotHttp as wrong:
            self._refuse(wrong.status, str(wrong))
        except Stop as stop:
            self._refuse(*answer_of(stop.code), {"exit": int(stop.code), "error": str(stop)})
        finally:
            own.remove()
            self.server.log.info("request", exit=self._code, ms=round(1000 * (time.monotonic() - began)))

    def _invoke(self, folder):
        desk = self.server.desk
        if not desk.is_open or desk.is_busy:
            return self._refuse(503, "busy: one request at a time")
        body = self._receive(folder)
        request = manifest_of(self.headers, body, folder)
        if (outcome := desk.ask(request.manifest)) is None:
            return self._refuse(503, "busy: one request at a time")
        self._code = outcome.code
        status, text = answer_of(outcome.code)
        told = {"exit": int(outcome.code), "error": text or None, "units": [{**one, **request.place_of(one)} for one in outcome.units]}
        if outcome.code != Exit.DONE or request.is_pointer:
            return self._send(status, json.dumps(told).encode() + b"\n", "application/json")
        kind, length, blocks = request.packed(outcome.units[0]["run_id"])
        self._send(200, blocks, kind, length)

    def _receive(self, folder):
        """The file with the body, whose length must be said."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower() or not (text := self.headers.get("Content-Length", "")).isdecimal():
            raise NotHttp(411, "Content-Length is missing")
        is_json = self.headers.get_content_type() == "application/json"
        left = int(text)
        if left > (MOST_JSON_BYTES if is_json else self.server.options.most_body):
            raise NotHttp(413, "the body is too long")
        self._timed.allow(self.server.options.body_timeout)
        try:
            with open(folder / "body", "xb") as stream:
                while left and (block := self.rfile.read1(min(left, BLOCK_BYTES))):
                    left -= stream.write(block)
        except TimeoutError:
            raise NotHttp(408, "the body came too slowly") from None
        except OSError:
            raise NotHttp(507, "no room for the body") from None
        self._has_more = False
        if left:
            raise NotHttp(400, "the body ended too early")
        return folder / "body"

    def _refuse(self, status, words, told=None):
        self._send(status, json.dumps(told or {"exit": None, "error": words}).encode() + b"\n", "application/json")

    def _send(self, status, body, kind="", length=None):
        """`body`: bytes, or an iterable of them whose `length` is known. What is left of the request is not waited for."""
        end = time.monotonic() + self.server.options.answer_timeout
        self.connection.settimeout(self.server.options.answer_timeout)
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        if status == 503:
            self.send_header("Retry-After", str(RETRY_AFTER_SECONDS))
        self.end_headers()
        for block in [body] if length is None else body:
            if time.monotonic() > end:
                raise TimeoutError
            self.wfile.write(block)
        self.wfile.flush()
        if self._has_more:
            self._read_on()

    def _read_on(self):
        """An unread body would cut the answer off (a reset): some of it is read, for a moment."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self._timed.allow(1)
            left = 8 << 20
            while left > 0 and (block := self.rfile.read1(BLOCK_BYTES)):
                left -= len(block)
