"""raki-send before Orthanc with its DICOMweb plug-in: what it stores, lists and gives back."""

import base64
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pydicom
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud"))
from raki_send.reply import read_fates  # noqa: E402
from sending import SEND, environment, send, write_series  # noqa: E402

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
USER = {"user": "scanner", "password": "open sesame"}


class Orthanc:
    """One that runs; `ask` reads from it by a path without slash in front."""

    def __init__(self, port, process):
        self.root, self.process = f"http://127.0.0.1:{port}", process
        self.url = f"{self.root}/dicom-web"

    def ask(self, path, data=None, method=None, **headers):
        credentials = base64.b64encode(":".join(USER.values()).encode()).decode()
        request = urllib.request.Request(f"{self.root}/{path}", data, {"Authorization": f"Basic {credentials}", **headers}, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def instances(self):
        """Bytes of all that is stored, by SOP Instance UID."""
        numbers = json.loads(self.ask("instances"))
        return {json.loads(self.ask(f"instances/{n}"))["MainDicomTags"]["SOPInstanceUID"]: self.ask(f"instances/{n}/file") for n in numbers}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def running(folder, port):
    """Orthanc with its storage in the folder, in which it may have run before."""
    program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin")
    if program is None or not pathlib.Path(PLUGIN).exists():
        pytest.skip(f"Orthanc or {PLUGIN} is not installed (packages orthanc and orthanc-dicomweb)")
    (folder / "orthanc.json").write_text(json.dumps({
        "HttpPort": port, "RemoteAccessAllowed": False, "DicomServerEnabled": False, "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"), "Plugins": [PLUGIN], "AuthenticationEnabled": True,
        "RegisteredUsers": {USER["user"]: USER["password"]}, "DicomWeb": {"Enable": True}}))
    with open(folder / "log", "w") as log:
        child = subprocess.Popen([program, folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        server = Orthanc(port, child)
        wait_for(server, folder / "log")
        yield server
    finally:
        child.terminate()
        child.wait(20)


def wait_for(server, log, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.process.poll() is None, f"Orthanc ended with {server.process.returncode}:\n{log.read_text()}"
        with contextlib.suppress(OSError):
            server.ask("system")
            return
        time.sleep(0.1)
    raise AssertionError(f"Orthanc does not answer after {seconds} s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with running(tmp_path_factory.mktemp("orthanc"), free_port()) as server:
        yield server


@pytest.fixture
def empty(orthanc):
    """Orthanc without an instance."""
    for number in json.loads(orthanc.ask("instances")):
        orthanc.ask(f"instances/{number}", method="DELETE")
    return orthanc


def by_uid(files):
    return {pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID: file.read_bytes() for file in files}


@pytest.mark.parametrize("syntax", ["202", "explicit-le"])
def test_a_result_folder_comes_back_byte_for_byte_and_twice_is_once(empty, series, syntax):
    result = series("recon", syntax)
    for _ in range(2):
        sent = send(result.folder, url=empty.url, credentials=USER)
        assert sent.statuses == ["stored"] * len(result.files) and sent.stderr == ""
        assert empty.instances() == by_uid(result.files)
    listed = json.loads(empty.ask("dicom-web/instances", Accept="application/dicom+json"))
    assert {one["00080018"]["Value"][0] for one in listed} == {line["sop_instance_uid"] for line in sent.lines}


def test_many_files_arrive_in_requests_within_the_limit(empty, series, tmp_path):
    files = [*write_series(tmp_path / "small", 40, 30_000), *series("recon", "202").files]
    sent = send(tmp_path / "small", *series("recon", "202").files, "--most-bytes", 200_000, url=empty.url, credentials=USER)
    assert sent.statuses == ["stored"] * len(files) and empty.instances() == by_uid(files)


def test_what_orthanc_refuses_is_named_and_the_rest_is_stored(empty, series, tmp_path):
    good = series("recon", "202").files
    write_series(tmp_path, 3)
    broken = tmp_path / "image0002.dcm"
    broken.write_bytes(broken.read_bytes()[:340])  # the meta header is whole, the data set is not
    sent = send(tmp_path, *good, url=empty.url, credentials=USER, code=65)
    assert sent.statuses == ["stored", "refused", "stored"] + ["stored"] * len(good)
    assert sent.lines[1]["reason"].startswith("Refused by the server: found HTTP status 400")
    assert set(empty.instances()) == {"1.2.3.1", "1.2.3.3", *by_uid(good)}


def test_nothing_is_lost_when_orthanc_is_killed_half_way(tmp_path):
    files, port = write_series(tmp_path / "in", 150, 100_000), free_port()
    with running(tmp_path, port) as first:
        child = subprocess.Popen([sys.executable, SEND, tmp_path / "in", "--stow", first.url, "--json", "--most-bytes", "2000000", "--attempts", "20",
                                  "--wait", "0.3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**USER))
        while len(json.loads(first.ask("instances"))) < 50:
            pass
        first.process.kill()
    with running(tmp_path, port) as second:
        stdout, stderr = child.communicate(timeout=60)
        assert child.returncode == 0, stderr
        assert second.instances() == by_uid(files)
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert {line["status"] for line in lines} == {"stored"} and "Server trouble" in stderr
    assert lines[0]["attempts"] == 1 < max(line["attempts"] for line in lines)


@pytest.mark.parametrize("credentials", [None, {"user": "scanner", "password": "wrong"}, {"token": "wrong"}])
def test_who_is_not_known_is_turned_away_before_much_is_sent(empty, series, credentials):
    sent = send(series("recon", "202").folder, url=empty.url, credentials=credentials, code=77)
    assert set(sent.statuses) == {"failed"} and empty.instances() == {} and "401" in sent.stderr


def test_an_address_without_stow_is_told(empty, series):
    sent = send(series("recon", "202").folder, url=f"{empty.root}/no-such-plugin", credentials=USER, code=69)
    assert "--stow" in sent.stderr and set(sent.statuses) == {"failed"}


@pytest.mark.parametrize("kind", ["application/dicom+json", "application/dicom+xml"])
def test_both_forms_of_orthanc_s_answer_are_understood(empty, tmp_path, kind):
    files = write_series(tmp_path, 2)
    body = b"".join(b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file.read_bytes() + b"\r\n" for file in files) + b"--x--\r\n"
    answer = empty.ask("dicom-web/studies", body, **{"Accept": kind, "Content-Type": 'multipart/related; type="application/dicom"; boundary=x'})
    fates = read_fates(answer)
    assert fates.stored == {"1.2.3.1": None, "1.2.3.2": None} and fates.failed == {}
