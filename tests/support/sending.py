"""What tests of jobs/cloud/raki-send share: the program itself and small DICOM files."""

import dataclasses
import json
import os
import pathlib
import struct
import subprocess
import sys

import pydicom

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEND = ROOT / "jobs" / "cloud" / "raki-send"
PATIENT = ("Secret^Name", "ID-4711")


def environment(**credentials):
    """Ours, without anybody's credentials but these: token, user, password."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAKI_STOW_")}
    return {**clean, **{f"RAKI_STOW_{name.upper()}": value for name, value in credentials.items()}}


@dataclasses.dataclass
class Sent:
    """What a run of the program left."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self):
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def statuses(self):
        return [line["status"] for line in self.lines]


def send(*arguments, url, code=0, credentials=None, timeout=60):
    """Runs raki-send --json with short waits; its exit code must be `code`."""
    done = subprocess.run([sys.executable, SEND, *map(str, arguments), "--stow", url, "--json", "--wait", "0.05"],
                          capture_output=True, text=True, timeout=timeout, env=environment(**(credentials or {})))
    assert done.returncode == code, f"raki-send {arguments} ended with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}"
    return Sent(done.returncode, done.stdout, done.stderr)


def write_instance(path, uid, size=0):
    """A secondary capture of a patient whose name must show nowhere, with trailing padding up to `size` bytes."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = pydicom.uid.SecondaryCaptureImageStorage, uid
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.4"
    data.PatientName, data.PatientID = PATIENT
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    with open(path, "ab") as stream:
        padding = max(0, size - stream.tell() - 12)
        stream.write(struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, padding))
        stream.truncate(stream.tell() + padding)  # a hole in the file: no disk is filled
    return path


def write_series(folder, count, size=0):
    """Paths of `count` instances with the UIDs 1.2.3.1, 1.2.3.2, ..."""
    return [write_instance(folder / f"image{n:04}.dcm", f"1.2.3.{n}", size) for n in range(1, count + 1)]


def contents(paths):
    """Bytes by UID, of files from write_series."""
    return {f"1.2.3.{n}": path.read_bytes() for n, path in enumerate(paths, 1)}
