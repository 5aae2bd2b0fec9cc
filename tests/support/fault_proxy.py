"""A proxy between a client of S3 and a server: counts what passes, and spoils of it what a test asks for."""

import contextlib
import dataclasses
import http.client
import http.server
import re
import threading
import time

SLOW_DOWN = (b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Secret^Name</Message></Error>')


@dataclasses.dataclass
class Fault:
    """What happens to the next `times` requests of that kind: "503", "500", "403", "cut" (in the middle of the body), "drop" (before any answer),
    "lost" (done by the server, but its answer is dropped), "slow" (the body in small pieces), "stall" (half of the body, then silence)."""

    method: str
    path: str  # regular expression
    action: str
    times: int = 1


class Proxy:
    """`requests` are (method, path, what became of it, when)."""

    def __init__(self, target, *faults):
        self.target, self.faults, self.requests = target, list(faults), []
        self._lock = threading.Lock()

    def note(self, method, path):
        """The fault of this request, or None."""
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    self.requests.append((method, path, fault.action, time.monotonic()))
                    return fault.action
            self.requests.append((method, path, "passed", time.monotonic()))
        return None

    def when(self, method, path):
        """When the first such request came."""
        return next(one[3] for one in self.requests if one[0] == method and re.search(path, one[1]))

    def count(self, method, path=""):
        return sum(one[0] == method and re.search(path, one[1]) is not None for one in self.requests)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def log_message(self, *_):
        pass

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        action = self.proxy.note(self.command, self.path)
        if action in ("500", "503", "403"):
            return self._answer(int(action), {}, SLOW_DOWN if action == "503" else b"")
        if action == "drop":
            return self._hang_up()
        status, headers, data = self._forward(body)
        if action == "lost":
            return self._hang_up()
        self._answer(status, headers, data, action)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve

    def _hang_up(self):
        self.close_connection = True
        self.connection.close()

    def _forward(self, body):
        with contextlib.closing(http.client.HTTPConnection(*self.proxy.target)) as connection:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("expect", "connection")}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def _answer(self, status, headers, data, action=None):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = headers.get("Content-Length", len(data)) if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self._body(data, action)

    def _body(self, data, action):
        if action == "slow":
            for start in range(0, len(data), max(1, len(data) // 20)):
                self.wfile.write(data[start:start + max(1, len(data) // 20)])
                self.wfile.flush()
                time.sleep(0.05)
        elif action in ("cut", "stall"):
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            time.sleep(30 if action == "stall" else 0)
            self._hang_up()
        else:
            self.wfile.write(data)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hung up is what some tests want."""


@contextlib.contextmanager
def proxying(target, *faults):
    """A Proxy before `target` (host, port); its address is `url`."""
    proxy = Proxy(target, *faults)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
