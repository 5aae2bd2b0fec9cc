"""A DICOMweb server of a test's own: stores what it is sent, unless the script of a test says otherwise."""

import contextlib
import dataclasses
import http.server
import json
import socket
import ssl
import threading
import time

INSTANCE_TAG = b"\x02\x00\x03\x00UI"  # (0002,0003) in a meta header


@dataclasses.dataclass
class Turn:
    """What the server does with one request. Instances are counted from 0 within the request."""

    status: int = 200
    failed: dict = dataclasses.field(default_factory=dict)  # instance -> failure reason: not stored
    warned: dict = dataclasses.field(default_factory=dict)  # instance -> warning reason: stored
    unmentioned: set = dataclasses.field(default_factory=set)  # not stored, and no word about them
    body: bytes | None = None  # instead of the true answer; nothing is stored then
    headers: dict = dataclasses.field(default_factory=dict)
    xml: bool = False
    dies_after: float | None = None  # closes the connection after this part of the body; what was whole is stored
    hangs: float = 0  # seconds before it closes the connection without an answer


@dataclasses.dataclass
class Request:
    path: str
    headers: dict
    bytes: int
    uids: list


class StowServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script, keep):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.keep, self.requests, self.stored = list(script), keep, [], {}
        self.scheme = "http"

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/dicom-web"

    def handle_error(self, request, client_address):
        """Clients that hang up are what some tests are about."""


@contextlib.contextmanager
def serving(*script, certificate=None, keep=True):
    """A server on a free port; the turns of the script are taken in order, then everything is stored. `certificate`: a PEM file
    with its key, for https. keep=False forgets the bytes."""
    server = StowServer(script, keep)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        turn = self.server.script.pop(0) if self.server.script else Turn()
        length = int(self.headers["Content-Length"])
        read = length if turn.dies_after is None else int(length * turn.dies_after)
        data = self.rfile.read(read)
        instances = split(data, self.headers["Content-Type"])
        self.server.requests.append(Request(self.path, dict(self.headers), length, [uid for uid, _ in instances]))
        if len(data) < length:
            self.store(instances[:-1])  # as servers do that store while they read
            return self.hang_up()
        if turn.dies_after or turn.hangs:
            time.sleep(turn.hangs)
            return self.hang_up()
        if turn.body is None:
            self.store([one for i, one in enumerate(instances) if i not in turn.failed and i not in turn.unmentioned])
        self.answer(turn, [uid for uid, _ in instances])

    def store(self, instances):
        self.server.stored.update((uid, data if self.server.keep else b"") for uid, data in instances)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, turn, uids):
        body = turn.body if turn.body is not None else (as_xml if turn.xml else as_json)(turn, uids)
        self.send_response(turn.status)
        for name, value in turn.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def split(data, content_type):
    """(SOP Instance UID, bytes) of each part, the last possibly cut off."""
    assert content_type.startswith('multipart/related; type="application/dicom"; boundary='), content_type
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    parts = []
    for part in data.split(boundary + b"\r\n")[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        assert head == b"Content-Type: application/dicom", head
        content = content.removesuffix(boundary + b"--\r\n").removesuffix(b"\r\n")
        at = content.find(INSTANCE_TAG)
        length = int.from_bytes(content[at + 6:at + 8], "little")
        parts.append((content[at + 8:at + 8 + length].rstrip(b"\0").decode(), content))
    return parts


def told(turn, uids):
    """(sequence, UID, tag of the reason, reason or None) of every instance the answer mentions."""
    for i, uid in enumerate(uids):
        if i in turn.failed:
            yield "00081198", uid, "00081197", turn.failed[i]
        elif i not in turn.unmentioned:
            yield "00081199", uid, "00081196", turn.warned.get(i)


def as_json(turn, uids):
    data = {"00081198": {"vr": "SQ"}, "00081199": {"vr": "SQ", "Value": []}}
    for sequence, uid, tag, reason in told(turn, uids):
        item = {"00081155": {"vr": "UI", "Value": [uid]}}
        if reason is not None:
            item[tag] = {"vr": "US", "Value": [reason]}
        data[sequence].setdefault("Value", []).append(item)
    return json.dumps(data).encode()


def as_xml(turn, uids):
    text = '<?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
    for sequence in ("00081198", "00081199"):
        text += f'<DicomAttribute tag="{sequence}" vr="SQ">'
        for _, uid, tag, reason in (one for one in told(turn, uids) if one[0] == sequence):
            text += f'<Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value number="1">{uid}</Value></DicomAttribute>'
            if reason is not None:
                text += f'<DicomAttribute tag="{tag}" vr="US"><Value number="1">{reason}</Value></DicomAttribute>'
            text += "</Item>"
        text += "</DicomAttribute>"
    return (text + "</NativeDicomModel>").encode()
