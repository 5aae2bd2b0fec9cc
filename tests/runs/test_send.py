"""jobs/cloud/raki-send before servers of the test's own: what is stored, what a server in trouble costs, what is told."""

import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud"))
import sending  # noqa: E402
from raki_send.reply import Fates, read_fates  # noqa: E402
from sending import contents, send, write_instance, write_series  # noqa: E402
from stow_server import Turn, serving  # noqa: E402


def test_every_file_below_the_folder_arrives_byte_for_byte_in_order(tmp_path):
    files = write_series(tmp_path / "b", 2) + [write_instance(tmp_path / "a" / "last", "1.2.3.3", 5001)]
    (tmp_path / "recon.json").write_text("{}")
    (tmp_path / ".hidden.dcm").write_text("of no use")
    with serving() as server:
        sent = send(tmp_path, url=server.url)
    assert server.stored == contents(files)
    assert [line["path"] for line in sent.lines] == [str(files[2]), str(files[0]), str(files[1])]
    assert all(set(line) == {"path", "sop_instance_uid", "status", "reason", "attempts", "seconds"} for line in sent.lines)
    assert {(line["status"], line["attempts"], line["reason"]) for line in sent.lines} == {("stored", 1, "")}
    assert server.requests[0].path == "/dicom-web/studies" and sent.stderr == ""


def test_the_summary_is_for_people(tmp_path):
    write_series(tmp_path, 3)
    with serving(Turn(), Turn(failed={0: 0xC122})) as server:
        done = subprocess.run([sys.executable, sending.SEND, tmp_path, "--stow", server.url], capture_output=True, text=True,
                              env=sending.environment())
    assert done.returncode == 65
    assert done.stdout == f"2 stored, 0 with warnings, 1 refused, 0 failed: {server.url}/studies\n"
    assert "image0002.dcm" in done.stderr and "transfer syntax not supported" in done.stderr and "1.2.840.10008.1.2.1" in done.stderr


@pytest.mark.parametrize("xml", [False, True], ids=["json", "xml"])
def test_the_answer_tells_the_fate_of_each_instance(tmp_path, xml):
    write_series(tmp_path, 5)
    with serving(Turn(), Turn(status=202, failed={0: 0xA900, 1: 0x0111}, warned={2: 0xB000}, xml=xml)) as server:
        sent = send(tmp_path, url=server.url, code=65)
    assert sent.statuses == ["stored", "refused", "warning", "warning", "stored"]
    assert [words for line, words in zip(sent.lines, ["", "A900H", "keeps its instance", "some values were changed", ""])
            if words not in line["reason"]] == []
    assert len(server.requests) == 2


@pytest.mark.parametrize("turn", [Turn(status=409, failed={1: 0xA700}), Turn(status=202, failed={1: 0x0110}), Turn(unmentioned={1}),
                                  Turn(status=400, unmentioned={1})], ids=["out of resources", "failure", "unmentioned", "Orthanc's 400"])
def test_only_what_did_not_arrive_is_sent_again(tmp_path, turn):
    files = write_series(tmp_path, 4)
    with serving(Turn(), turn) as server:
        sent = send(tmp_path, url=server.url)
    assert [request.uids for request in server.requests] == [["1.2.3.1"], ["1.2.3.2", "1.2.3.3", "1.2.3.4"], ["1.2.3.3"]]
    assert server.stored == contents(files) and [line["attempts"] for line in sent.lines] == [1, 1, 2, 1]


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b"[1]", b'{"00081199": {"Value": [{"00081155": null}]}}', b'{"00081199": {"Value": 1}}',
                                  b'{"00081199": {"Value": [{"00081155": {"Value": ["1"]}, "00081196": {"Value": [Infinity]}}]}}',
                                  b"<html/>", b"<NativeDicomModel", b"[" * 100_000, b"\xff\xfe"])
def test_an_answer_of_another_kind_tells_nothing(body):
    assert read_fates(body) == Fates({}, {})


def test_silence_is_not_success(tmp_path):
    write_series(tmp_path, 1)
    with serving(*[Turn(body=b"stored all, of course")] * 3) as server:
        sent = send(tmp_path, "--attempts", 3, url=server.url, code=75)
    assert sent.statuses == ["failed"] and len(server.requests) == 3 and server.stored == {}


@pytest.mark.parametrize("status", [400, 409, 413, 415])
def test_a_refusal_as_a_whole_is_repeated_file_by_file_and_never_waited_for(tmp_path, status):
    files = write_series(tmp_path, 4)
    refused = Turn(status=status, body=b"")
    with serving(Turn(), refused, Turn(), refused) as server:
        sent = send(tmp_path, "--wait", "100", url=server.url, code=65)
    assert sent.statuses == ["stored", "stored", "refused", "stored"] and str(status) in sent.lines[2]["reason"]
    assert set(contents(files)) - set(server.stored) == {"1.2.3.3"} and len(server.requests) == 5


def test_what_is_not_dicom_is_refused_and_the_rest_is_sent(tmp_path):
    files = write_series(tmp_path, 2)
    (tmp_path / "broken.dcm").write_bytes(files[0].read_bytes()[:200])
    (tmp_path / "text.dcm").write_text("no image")
    shutil.copy(files[1], tmp_path / "twin.dcm")
    with serving() as server:
        sent = send(tmp_path, url=server.url, code=65)
    assert server.stored == contents(files)
    assert [(pathlib.Path(line["path"]).stem, line["status"]) for line in sent.lines] == [
        ("broken", "refused"), ("image0001", "stored"), ("image0002", "stored"), ("text", "refused"), ("twin", "refused")]
    assert sent.lines[0]["attempts"] == 0 and "image0002.dcm" in sent.lines[4]["reason"]


def test_missing_input_is_told_before_anything_is_sent(tmp_path):
    write_series(tmp_path / "good", 1)
    (tmp_path / "empty").mkdir()
    with serving() as server:
        assert "nowhere" in send(tmp_path / "good", tmp_path / "nowhere", url=server.url, code=66).stderr
        assert "no DICOM file" in send(tmp_path / "empty", url=server.url, code=66).stderr
    assert server.requests == []


@pytest.mark.parametrize("turn", [Turn(status=500, body=b""), Turn(status=503, body=b""), Turn(status=429, body=b""), Turn(status=408, body=b""),
                                  Turn(dies_after=0.5), Turn(dies_after=1.0), Turn(hangs=1)],
                         ids=["500", "503", "429", "408", "dies half-way", "dies before the answer", "hangs"])
def test_nothing_is_lost_when_a_server_is_in_trouble(tmp_path, turn):
    files = write_series(tmp_path, 6, 20_000)
    with serving(Turn(), turn) as server:
        sent = send(tmp_path, "--timeout", "0.4", url=server.url)
    assert server.stored == contents(files) and sent.statuses == ["stored"] * 6
    assert [line["attempts"] for line in sent.lines] == [1, 2, 2, 2, 2, 2] and "Attempt 2 of 5" in sent.stderr


@pytest.mark.parametrize("stumble", [Turn(status=500, body=b""), Turn(status=202, failed={0: 0x0110}), Turn(status=409, failed={0: 0xA700}),
                                     Turn(unmentioned={0})], ids=["500", "failure", "out of resources", "unmentioned"])
def test_one_instance_that_a_server_stumbles_over_does_not_keep_back_the_others(tmp_path, stumble):
    files = write_series(tmp_path, 5, 10_000)
    alone = [stumble, Turn()] if stumble.status == 500 else []  # both files of the pair, one by one
    with serving(Turn(), stumble, Turn(), *alone, *[stumble] * 9) as server:
        sent = send(tmp_path, "--attempts", 3, "--most-bytes", 21_000, url=server.url, code=75)
    assert sent.statuses == ["stored", "failed", "stored", "stored", "stored"]
    assert set(contents(files)) - set(server.stored) == {"1.2.3.2"}


def test_the_wait_a_server_asks_for_is_kept(tmp_path):
    write_series(tmp_path, 1)
    with serving(Turn(status=503, body=b"", headers={"Retry-After": "1"})) as server:
        began = time.monotonic()
        send(tmp_path, url=server.url)
        assert time.monotonic() - began > 1
    with serving(Turn(status=503, body=b"", headers={"Retry-After": "3600"})) as server:
        assert "asks to wait 3600 s" in send(tmp_path, url=server.url, code=75).stderr


def test_a_server_that_stays_away_is_given_up_and_a_later_run_goes_on(tmp_path):
    files = write_series(tmp_path / "in", 4)
    with serving(Turn(), *[Turn(dies_after=0.5)] * 3) as server:
        sent = send(tmp_path / "in", "--attempts", 3, "--record", tmp_path / "record", url=server.url, code=75)
        assert sent.statuses == ["stored"] + ["failed"] * 3 and sent.lines[1]["attempts"] == 3
        again = send(tmp_path / "in", "--record", tmp_path / "record", url=server.url)
    assert server.stored == contents(files) and again.statuses == ["stored"] * 4
    assert [line["attempts"] for line in again.lines] == [0, 1, 1, 1] and "1.2.3.1" not in server.requests[-1].uids
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert "no connection" in send(tmp_path / "in", "--attempts", 2, url=url, code=75).stderr


def test_the_record_knows_bytes_and_address_and_survives_a_cut(tmp_path):
    files = write_series(tmp_path / "in", 3)
    record = tmp_path / "record"
    with serving() as server, serving() as other:
        send(tmp_path / "in", "--record", record, url=server.url)
        record.write_bytes(record.read_bytes()[:-20])  # the last line was cut off
        write_instance(files[0], "1.2.3.1", 3000)  # the first file is another
        sent = send(tmp_path / "in", "--record", record, url=server.url)
        assert [line["attempts"] for line in sent.lines] == [1, 0, 1]
        assert {line["attempts"] for line in send(tmp_path / "in", "--record", record, url=server.url).lines} == {0}
        assert {line["attempts"] for line in send(tmp_path / "in", "--record", record, url=other.url).lines} == {1}
        assert "--record" in send(tmp_path / "in", "--record", tmp_path, url=server.url, code=73).stderr
    assert str(tmp_path / "in") not in record.read_text()


def test_a_run_that_is_stopped_tells_what_is_stored(tmp_path):
    write_series(tmp_path, 3)
    with serving(Turn(), Turn(hangs=20)) as server:
        child = subprocess.Popen([sys.executable, sending.SEND, tmp_path, "--stow", server.url, "--json"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=sending.environment())
        while len(server.requests) < 2:
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        stdout, stderr = child.communicate(timeout=10)
    assert child.returncode == 75 and [json.loads(line)["status"] for line in stdout.splitlines()] == ["stored", "failed", "failed"]
    assert "Interrupted" in stderr


def test_requests_stay_within_the_limit(tmp_path):
    files = write_series(tmp_path, 9, 10_000) + [write_instance(tmp_path / "large.dcm", "1.2.3.10", 40_000)]
    with serving() as server:
        sent = send(tmp_path, "--most-bytes", 31_000, url=server.url, code=65)
    assert all(request.bytes <= 31_000 for request in server.requests)
    assert [len(request.uids) for request in server.requests] == [1, 3, 3, 2]
    assert server.stored == contents(files[:9]) and sent.statuses[9] == "refused" and "--most-bytes" in sent.lines[9]["reason"]


def test_the_limit_counts_every_byte_of_a_request(tmp_path):
    write_series(tmp_path, 4, 10_000)
    with serving() as server:
        send(tmp_path, url=server.url)
        longest = server.requests[1].bytes  # of three files
        for limit in (longest, longest - 1):
            send(tmp_path, "--most-bytes", limit, url=server.url)
    assert [len(request.uids) for request in server.requests] == [1, 3, 1, 3, 1, 2, 1]


def test_a_file_that_changes_under_way_fails_alone(tmp_path):
    write_series(tmp_path / "in", 3)
    with serving(Turn(hangs=1)) as server:
        child = subprocess.Popen([sys.executable, sending.SEND, tmp_path / "in", "--stow", server.url, "--json", "--wait", "0.05"],
                                 stdout=subprocess.PIPE, text=True, env=sending.environment())
        while not server.requests:
            time.sleep(0.02)
        write_instance(tmp_path / "in" / "image0002.dcm", "1.2.3.2", 9000)
        stdout, _ = child.communicate(timeout=20)
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert child.returncode == 74 and [line["status"] for line in lines] == ["stored", "failed", "stored"]
    assert set(server.stored) == {"1.2.3.1", "1.2.3.3"} and "changed" in lines[1]["reason"]


# Starts raki-send from a small process: the peak of a child begins with the memory of the process that forked it.
MEASURE = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def peak_kib(folder, url):
    command = [sys.executable, "-c", MEASURE, sys.executable, sending.SEND, folder, "--stow", url]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=sending.environment()).stdout)


def test_memory_does_not_grow_with_what_is_sent(tmp_path):
    write_series(tmp_path / "small", 4)
    write_series(tmp_path / "large", 8, 40_000_000)
    with serving(keep=False) as server:
        small, large = peak_kib(tmp_path / "small", server.url), peak_kib(tmp_path / "large", server.url)
    assert max(request.bytes for request in server.requests) > 80_000_000
    assert large - small < 8 * 1024  # a file has 39 MiB, a request up to 95 MiB


SECRETS = {"token": {"token": "t0p-s3cret.value"}, "basic": {"user": "somebody", "password": "pa ss:wörd"}}


@pytest.mark.parametrize("kind, turn, code", [
    ("token", Turn(), 0), ("basic", Turn(), 0), ("token", Turn(status=401, body=b""), 77), ("basic", Turn(status=403, body=b""), 77),
    ("token", Turn(status=500, body=b""), 75), ("basic", Turn(status=400, body=b""), 65), ("basic", Turn(status=404, body=b""), 69),
    ("token", Turn(status=302, body=b"", headers={"Location": "/other"}), 69), ("token", Turn(dies_after=0.5), 75)])
def test_credentials_and_patients_show_nowhere(tmp_path, kind, turn, code):
    write_series(tmp_path / "in", 2)
    secret = SECRETS[kind]
    words = [*secret.values(), base64.b64encode(":".join(secret.values()).encode()).decode(), *sending.PATIENT]
    if turn.body is not None:
        turn.body = " ".join(words).encode()  # a server that repeats all it knows
    with serving(*[turn] * 2) as server:
        sent = send(tmp_path / "in", "--attempts", 2, "--record", tmp_path / "record", url=server.url, code=code, credentials=secret)
    expected = f"Bearer {words[0]}" if kind == "token" else f"Basic {words[2]}"
    assert {request.headers["Authorization"] for request in server.requests} == {expected}
    told = sent.stdout + sent.stderr + (tmp_path / "record").read_text()
    assert not [word for word in words if word in told]
    if code in (69, 77):
        assert len(server.requests) == 1 and str(turn.status) in sent.stderr


@pytest.mark.parametrize("arguments, credentials, code, words", [
    (["--stow", "https://user:hunter2@host/x"], {}, 64, "RAKI_STOW_TOKEN"), (["--stow", "https://host/x?key=hunter2"], {}, 64, "RAKI_STOW_TOKEN"),
    (["--stow", "ftp://host/x"], {}, 64, "http(s)"), (["--stow", "http://host:hunter2/"], {}, 64, "http(s)"),
    (["--stow", "https://host", "--password", "hunter2"], {}, 64, "--help"), ([], {}, 64, "--stow"),
    (["--stow", "https://host", "--attempts", "0"], {}, 64, "--attempts"), (["--stow", "https://host", "--ca", "/nowhere.pem"], {}, 66, "/nowhere.pem"),
    (["--stow", "http://192.0.2.1/x"], {"token": "hunter2"}, 64, "--plain-http"), (["--stow", "https://host"], {"user": "hunter2"}, 78, "RAKI_STOW_PASSWORD"),
    (["--stow", "https://host"], {"token": "hunter2\nX: y"}, 78, "token"), (["--stow", "https://host"], {"token": "hunter2", "user": "a", "password": "b"}, 78, "one"),
    (["--stow", "https://host"], {"user": "hunter2:", "password": "b"}, 78, "colon")])
def test_what_cannot_work_is_refused_before_a_connection(tmp_path, arguments, credentials, code, words):
    write_series(tmp_path, 1)
    done = subprocess.run([sys.executable, sending.SEND, tmp_path, *arguments], capture_output=True, text=True, timeout=10,
                          env=sending.environment(**credentials))
    assert done.returncode == code and words in done.stderr and "hunter2" not in done.stderr and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_credentials_go_over_plain_http_only_when_told_to(tmp_path):
    files = write_series(tmp_path, 2)
    with serving() as server:
        url = server.url.replace("127.0.0.1", "0.0.0.0")  # reaches this machine, though it is no loopback address
        assert "--plain-http" in send(tmp_path, url=url, credentials=SECRETS["token"], code=64).stderr and server.requests == []
        send(tmp_path, url=url)
        send(tmp_path, "--plain-http", url=url, credentials=SECRETS["token"])
    assert server.stored == contents(files) and ["Authorization" in request.headers for request in server.requests] == [False, False, True, True]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file with key and self-signed certificate of 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl (package openssl) is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-days", "2", "-keyout", folder / "key", "-out", folder / "certificate"], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return folder


def test_a_certificate_must_be_trusted(tmp_path, certificate):
    files = write_series(tmp_path, 3)
    with serving(certificate=certificate / "both.pem") as server:
        refused = send(tmp_path, url=server.url, code=69, credentials=SECRETS["token"])
        assert server.requests == [] and "--ca" in refused.stderr and "Attempt" not in refused.stderr
        send(tmp_path, "--ca", certificate / "certificate", url=server.url, credentials=SECRETS["token"])
        assert server.stored == contents(files)
        assert "PEM" in send(tmp_path, "--ca", files[0], url=server.url, code=78).stderr
        assert send(tmp_path, "--ca", certificate / "certificate", url=server.url.replace("127.0.0.1", "localhost"), code=69).statuses == ["failed"] * 3


def test_a_python_without_urllib3_is_told_what_to_install(tmp_path):
    done = subprocess.run([sys.executable, "-S", "-E", sending.SEND, tmp_path], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 78 and "requirements.txt" in done.stderr and len(done.stderr.splitlines()) == 1
