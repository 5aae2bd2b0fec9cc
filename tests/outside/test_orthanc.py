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
from sending import send, write_series  # noqa: E402

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
USER = {"user": "scanner", "password": "open sesame"}


class Orthanc:
    """One that runs; `ask` reads from it by a path without slash in front."""

    def __init__(self, port):
        self.root = f"http://127.0.0.1:{port}"
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


@contextlib.contextmanager
def running(folder):
    program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin")
    if program is None or not pathlib.Path(PLUGIN).exists():
        pytest.skip(f"Orthanc or {PLUGIN} is not installed (packages orthanc and orthanc-dicomweb)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "orthanc.json").write_text(json.dumps({
        "HttpPort": port, "RemoteAccessAllowed": False, "DicomServerEnabled": False, "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"), "Plugins": [PLUGIN], "AuthenticationEnabled": True,
        "RegisteredUsers": {USER["user"]: USER["password"]}, "DicomWeb": {"Enable": True}}))
    with open(folder / "log", "w") as log:
        child = subprocess.Popen([program, folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        server = Orthanc(port)
        wait_for(server, child, folder / "log")
        yield server
    finally:
        child.terminate()
        child.wait(20)


def wait_for(server, child, log, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert child.poll() is None, f"Orthanc ended with {child.returncode}:\n{log.read_text()}"
        with contextlib.suppress(OSError):
            server.ask("system")
            return
        time.sleep(0.1)
    raise AssertionError(f"Orthanc does not answer after {seconds} s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with running(tmp_path_factory.mktemp("orthanc")) as server:
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
