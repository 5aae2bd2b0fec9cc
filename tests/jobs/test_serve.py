"""raki-job serve: SageMaker's contract, who waits and who is refused, clients that misbehave, and its end."""

import contextlib
import email
import functools
import http.client
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile

import job_runs
import pytest
from job_runs import STUB, environment, scan_bytes

CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"


class Server:
    """raki-job serve on a port of its own."""

    def __init__(self, process, port, log):
        self.process, self.port, self._log = process, port, log

    def ask(self, method, path, body=None, timeout=60, **headers):
        """(status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def point(self, **payload):
        status, headers, body = self.ask("POST", "/invocations", json.dumps(payload), Content_Type="application/json")
        return status, json.loads(body)

    def scan(self, data, accept="application/zip", kind="application/x-hdf5", **options):
        return self.ask("POST", "/invocations", data, Content_Type=kind, Accept=accept, **{CUSTOM: json.dumps(options)})

    def ping(self):
        return self.ask("GET", "/ping")[0]

    def refuses(self):
        """Whether a further connection is closed without an answer."""
        try:
            assert self.ping() == 200
            return False
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            return True

    def slow(self, **options):
        """A request that is being computed, in a thread; and the list that will hold its answer."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.scan(b"slow", **options)))
        thread.start()
        wait_until(lambda: self.ask("POST", "/invocations", b"probe", Content_Type="text/plain")[0] == 503)  # else 415, at once
        return thread, answers

    @property
    def lines(self):
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def ends(self, code, within):
        assert self.process.wait(within) == code
        return self.lines[-1]


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(folder, *arguments, worker=STUB, ready=True, **variables):
    port, log = free_port(), folder / "log"
    (folder / "scratch").mkdir(exist_ok=True)
    command = [sys.executable, job_runs.JOB, "serve", "--listen", f"127.0.0.1:{port}", "--worker", worker, "--scratch", folder / "scratch", *map(str, arguments)]
    with open(log, "wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment(**variables))
    server = Server(process, port, log)
    try:
        wait_until(lambda: not refused(port) or process.poll() is not None)
        if ready:
            wait_until(lambda: server.ping() == 200)
        yield server
    finally:
        process.kill()
        process.wait()


def refused(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def server(tmp_path_factory, moto):
    with serving(tmp_path_factory.mktemp("serve"), AWS_ENDPOINT_URL=f"http://{moto[0]}:{moto[1]}") as server:
        yield server


def contents(zipped):
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_scan_comes_back_as_zip_or_as_dicom(server):
    status, headers, body = server.scan(scan_bytes(1), method="raki")
    assert (status, headers["Content-Type"]) == (200, "application/zip")
    assert set(contents(body)) == {"series001/image0001.dcm", "recon.json"}
    recon = json.loads(contents(body)["recon.json"])
    assert recon["options"] == {"method": "raki"}

    status, headers, body = server.scan(scan_bytes(1), accept='multipart/related; type="application/dicom"')
    message = email.message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    part, = message.get_payload()
    assert status == 200 and part.get_content_type() == "application/dicom"
    assert part.get_payload(decode=True) == recon["input"].encode()


def test_octets_are_known_by_their_beginning(server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.h5", scan_bytes(1))
        archive.writestr("b.h5", scan_bytes(2))
    status, _, body = server.scan(packed.getvalue(), kind="application/octet-stream")
    assert status == 200 and set(contents(body)) == {f"{name}/{file}" for name in "ab" for file in ("series001/image0001.dcm", "recon.json")}
    assert server.scan(b"\x89HDF\r\n\x1a\nrest", kind="application/octet-stream")[0] == 200


def test_pointers_publish_as_jobs_do(server, bucket):
    source = bucket.put("raw/a.h5", scan_bytes(3))
    status, told = server.point(input=source, output=f"s3://{bucket.name}/in/out", options={"method": "grappa"}, id="a")
    assert status == 200 and told["units"][0]["result"] == f"s3://{bucket.name}/in/out/a/{told['units'][0]['run_id']}/"
    assert bucket.note("a")["options"] == {"method": "grappa"}
    written = bucket.keys()
    assert server.point(input=source, output=f"s3://{bucket.name}/in/out", options={"method": "grappa"}, id="a") == (200, told)
    assert bucket.keys() == written

    bad = {"id": "bad", "input": source, "options": {"stub-exit": 65, "stub-error": "Name of Patient"}}
    manifest = bucket.manifest([{"id": "good", "input": source}, bad])
    status, told = server.point(manifest=manifest)
    assert status == 422 and [(unit["id"], unit["exit"], "result" in unit) for unit in told["units"]] == [("good", 0, True), ("bad", 65, False)]
    assert "Patient" not in json.dumps(told)
    assert bucket.note("good")


@pytest.mark.parametrize("code, status", [(64, 400), (65, 422), (66, 404), (69, 503), (70, 500), (71, 507), (73, 409), (74, 503), (75, 503), (77, 403), (78, 400)])
def test_exit_codes_are_statuses(server, code, status):
    found, headers, body = server.scan(b"x", **{"stub-exit": code, "stub-error": "Name of Patient"})
    assert (found, json.loads(body)["exit"]) == (status, 75 if code == 74 else code)
    assert [unit["exit"] for unit in json.loads(body)["units"]] == [code]
    assert (headers["Retry-After"] is not None) == (status == 503)
    assert b"Patient" not in body


@pytest.mark.parametrize("payload", [{"manifest": "/etc/passwd"}, {"input": "/etc/passwd", "output": "s3://bucket/out"}, {"input": "s3://bucket/a", "output": "/tmp"},
                                     {"input": "s3://bucket/a", "output": "s3://bucket/out", "options": {"output-folder": "/tmp"}}, {"input": "s3://bucket/a"},
                                     *({"input": "s3://bucket/a", "output": "s3://bucket/out", "options": {name: path}}
                                       for name in ("noise", "mask", "calibration", "dicom-template") for path in ("/etc/passwd", "etc/passwd")),
                                     {"input": "s3://bucket/a", "output": "s3://bucket/o", "id": ".."}, {"manifest": 1}, {"manifest": "s3://b/x", "input": "s3://b/y"}, []])
def test_a_request_names_nothing_but_s3(server, payload):
    status, _, body = server.ask("POST", "/invocations", json.dumps(payload), Content_Type="application/json")
    assert (status, json.loads(body)["exit"]) == (400, 78)


@pytest.mark.parametrize("unit", [{"input": "/etc/passwd"}, {"input": "a.h5", "options": {"noise": "/etc/passwd"}}])
def test_a_manifest_in_s3_cannot_name_our_disk(server, bucket, unit):
    manifest = bucket.manifest([{"id": "a", **unit}])
    assert server.point(manifest=manifest)[0] == 400
    assert not [key for key in bucket.keys() if "out" in key]


@pytest.mark.parametrize("place", ["/etc/passwd", "etc/passwd", "s3://raw/patient.dcm"])
@pytest.mark.parametrize("option", ["noise", "mask", "calibration", "dicom-template"])
def test_no_file_but_its_own_comes_back_to_who_sends_a_scan(server, option, place):
    status, _, body = server.scan(b"x", **{option: place})
    assert (status, json.loads(body)["exit"]) == (400, 78)


def test_what_is_no_request_of_ours(server):
    for method, path, headers, status in (("GET", "/", {}, 404), ("POST", "/ping", {}, 404), ("POST", "/invocations", {"Content_Type": "text/plain"}, 415),
                                          ("POST", "/invocations", {"Content_Type": "application/x-hdf5", "Accept": "image/png"}, 406),
                                          ("POST", "/invocations", {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}, 411)):
        assert server.ask(method, path, b"x" if method == "POST" and status != 411 else None, **headers)[0] == status, (method, path, headers)
    assert server.ask("POST", "/invocations", b" " * ((1 << 20) + 1), Content_Type="application/json")[0] == 413
    assert server.ask("POST", "/invocations", b"{", Content_Type="application/json")[0] == 400


def test_one_at_a_time_and_the_next_is_told_to_wait(server):
    thread, answers = server.slow(**{"stub-seconds": 2})
    status, headers, _ = server.scan(b"second")
    assert status == 503 and int(headers["Retry-After"]) > 0
    assert server.ping() == 200  # busy is not broken
    thread.join()
    assert answers[0][0] == 200
    assert server.scan(b"third")[0] == 200


def test_of_two_that_upload_at_once_one_is_computed(server):
    """Neither finds it busy when it begins."""
    head = f"POST /invocations HTTP/1.1\r\nContent-Type: application/x-hdf5\r\nContent-Length: 4\r\n{CUSTOM}: {{\"stub-seconds\": 2}}\r\n\r\n"
    both = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(2)]
    for one in both:
        one.sendall(head.encode() + b"sca")
    time.sleep(0.5)
    for one in both:
        one.sendall(b"n")
    assert sorted(one.recv(12) for one in both) == [b"HTTP/1.1 200", b"HTTP/1.1 503"]
    for one in both:
        one.close()


def test_slow_clients_are_let_go_and_keep_nobody_waiting(tmp_path):
    with serving(tmp_path, "--header-timeout", 1, "--body-timeout", 1, "--connections", 6) as server:
        drips = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        began = time.monotonic()
        drips[0].sendall(b"POST /invoc")
        drips[1].sendall(b"POST /invocations HTTP/1.1\r\nContent-Type: application/x-hdf5\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(6):  # a byte now and then
            assert server.ping() == 200
            for drip in drips[:2]:
                with contextlib.suppress(OSError):
                    drip.sendall(b"x")
            time.sleep(0.3)
        for drip in drips:
            drip.settimeout(5)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while block := drip.recv(1000):
                    answer += block
            assert drip is not drips[1] or b" 408 " in answer
        assert time.monotonic() - began < 6
        assert server.scan(b"after them")[0] == 200


def test_only_so_many_connections(tmp_path):
    with serving(tmp_path, "--connections", 3, "--header-timeout", 30) as server:
        connect = functools.partial(socket.create_connection, ("127.0.0.1", server.port))
        held = [connect(), connect()]
        wait_until(lambda: not server.refuses())  # once those that asked whether it is ready have ended
        wait_until(lambda: server.refuses() or held.append(connect()))
        for one in held:
            one.close()
        wait_until(lambda: not server.refuses())


def test_a_body_too_long_is_not_received(tmp_path):
    with serving(tmp_path, "--most-body", 1000) as server:
        assert server.scan(b"x" * 1001)[0] == 413
        assert server.scan(b"x" * 1000)[0] == 200


def test_ping_tells_of_an_engine_that_is_not_ready_and_of_one_that_died(tmp_path):
    with serving(tmp_path, "--start-timeout", 60, worker=f"{STUB} --silent", ready=False) as server:
        assert server.ping() == 503 and server.scan(b"x")[0] == 503
    told = tmp_path / "told"
    with serving(tmp_path, worker=f"{STUB} --tell {told}") as server:
        assert server.scan(b"one")[0] == 200
        os.kill(json.loads(told.read_text().splitlines()[-1])["pid"], signal.SIGKILL)
        wait_until(lambda: any(line["event"] == "worker-died" for line in server.lines))
        wait_until(lambda: server.ping() == 200)
        assert server.scan(b"two")[0] == 200
        assert len({json.loads(line)["pid"] for line in told.read_text().splitlines()}) == 2


def test_an_engine_that_cannot_start_ends_it(tmp_path):
    with serving(tmp_path, worker=f"{STUB} --not-ready 69", ready=False) as server:
        assert server.ends(69, 20)["exit"] == 69


def test_sigterm_lets_the_request_under_way_end(tmp_path):
    with serving(tmp_path) as server:
        thread, answers = server.slow(**{"stub-seconds": 2})
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.ping() == 503)
        thread.join()
        assert answers[0][0] == 200 and contents(answers[0][2])
        assert server.ends(0, 8)["event"] == "summary"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_sigterm_drops_what_takes_too_long(tmp_path):
    with serving(tmp_path, "--drain", 1) as server:
        thread, answers = server.slow(**{"stub-hang": True})
        server.process.send_signal(signal.SIGTERM)
        thread.join()
        assert answers[0][0] == 503 and json.loads(answers[0][2])["exit"] == 75
        server.ends(75, 12)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_many_requests_leave_no_threads_and_no_files(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status")

    def threads():
        return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("Threads:")))

    server.scan(b"first")
    before = threads()
    for number in range(30):
        assert server.scan(b"%d" % number)[0] == 200
    wait_until(lambda: threads() <= before + 1, 5)


def test_nothing_but_known_fields_is_logged(server):
    server.scan(b"x", **{"stub-exit": 65, "stub-error": "Name of Patient"})
    assert all(set(line) <= job_runs.LOG_KEYS for line in server.lines) and any(line["event"] == "request" for line in server.lines)
    assert "Patient" not in json.dumps(server.lines)


def test_it_listens_on_this_machine_only_unless_told_otherwise(tmp_path):
    done = subprocess.run([sys.executable, job_runs.JOB, "serve", "--help"], capture_output=True, text=True, env=environment())
    assert "127.0.0.1:8080" in done.stdout
    for wrong in ("8080", ":8080", "host:port", "127.0.0.1:99999"):
        assert subprocess.run([sys.executable, job_runs.JOB, "serve", "--listen", wrong, "--worker", STUB], env=environment(), capture_output=True).returncode == 64
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run([sys.executable, job_runs.JOB, "serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--worker", STUB], env=environment(), capture_output=True)
        assert done.returncode == 78
