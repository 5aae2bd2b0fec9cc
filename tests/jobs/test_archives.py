"""Archives: what is in them arrives, and what an attacker may put in is refused as a whole."""

import contextlib
import gzip
import hashlib
import io
import json
import stat
import subprocess
import tarfile
import zipfile

import job_runs
import pytest
import zstandard
from raki_cloud.archive_names import kind_of
from raki_cloud.exits import Stop
from raki_job import archives
from raki_job.archives import Limits, unpack
from raki_job.scans import find_scans

LIMITS = Limits(bytes=100 << 20, members=50, ratio=100)
KINDS = ["tar", "gz", "zst", "zip"]
ENDINGS = {"tar": ".tar", "gz": ".tgz", "zst": ".tar.zst", "zip": ".zip"}


def tar_of(*members):
    """Each member is (TarInfo or name, data)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            info = info if isinstance(info, tarfile.TarInfo) else tarfile.TarInfo(info)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(kind, *members):
    if kind == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
        return out.getvalue()
    plain = tar_of(*members)
    return {"tar": lambda: plain, "gz": lambda: gzip.compress(plain, 1), "zst": lambda: zstandard.ZstdCompressor().compress(plain)}[kind]()


def unpacked(folder, kind, data, limits=LIMITS):
    target = folder / "unpacked"
    unpack(io.BytesIO(data), kind, target, limits)
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def refusal(folder, kind, data, limits=LIMITS):
    """What is said; nothing but the target may have been written."""
    with pytest.raises(Stop) as stop:
        unpacked(folder / "inside", kind, data, limits)
    assert stop.value.code == 65
    assert {path.name for path in folder.iterdir()} <= {"inside"} and {path.name for path in (folder / "inside").glob("*")} <= {"unpacked"}
    return str(stop.value)


@pytest.mark.parametrize("kind", KINDS)
def test_members_arrive(tmp_path, kind):
    files = {"a.h5": job_runs.scan_bytes(1, 3 << 20), "sub/b.cfl": b"b", "sub/b.hdr": b"", "Müller/ä.h5": b"c"}
    assert unpacked(tmp_path, kind, packed(kind, *files.items())) == files


def test_archives_in_several_pieces(tmp_path):
    data = tar_of(("a.h5", job_runs.scan_bytes(1, 100_000)))
    frames = zstandard.ZstdCompressor().compress(data[:70_000]) + zstandard.ZstdCompressor().compress(data[70_000:])
    assert unpacked(tmp_path / "zst", "zst", frames) == unpacked(tmp_path / "gz", "gz", gzip.compress(data[:70_000]) + gzip.compress(data[70_000:]))


def test_archives_are_known_by_their_names():
    assert [kind_of(name) for name in ("a.tar", "a.TAR.GZ", "a.tgz", "a.tar.zst", "a.zip", "a.gz", "a.h5")] == ["tar", "gz", "gz", "zst", "zip", None, None]


@pytest.mark.parametrize("name", ["../a.h5", "x/../../a.h5", "/etc/a.h5", "..", "x\\..\\a.h5", "C:/a.h5", "a\nb.h5", "x" * 256, "a/" * 33 + "b"])
@pytest.mark.parametrize("kind", KINDS)
def test_paths_that_lead_out_are_refused(tmp_path, kind, name):
    assert "path" in refusal(tmp_path, kind, packed(kind, (name, b"data")))


@pytest.mark.parametrize("kind, link", [(tarfile.SYMTYPE, "/etc/passwd"), (tarfile.SYMTYPE, "a.h5"), (tarfile.LNKTYPE, "a.h5"), (tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, ""),
                                        (tarfile.FIFOTYPE, ""), (b"?", "")])
def test_what_is_no_file_is_refused_in_tar(tmp_path, kind, link):
    info = tarfile.TarInfo("b.h5")
    info.type, info.linkname = kind, link
    assert "link" in refusal(tmp_path, "tar", tar_of(("a.h5", b"x"), (info, b"")))


def test_a_link_does_not_lead_the_next_member_out(tmp_path):
    info = tarfile.TarInfo("sub")
    info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path)
    assert "link" in refusal(tmp_path, "tar", tar_of((info, b""), ("sub/evil.h5", b"x")))


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("a.h5")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "link" in refusal(tmp_path, "zip", packed("zip", (info, b"/etc/passwd")))


def test_an_encrypted_zip_is_refused(tmp_path):
    data = bytearray(packed("zip", ("a.h5", b"x")))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encryption" in refusal(tmp_path, "zip", bytes(data))


def test_members_of_a_zip_that_share_bytes_are_refused(tmp_path):
    data = packed("zip", ("a.h5", job_runs.scan_bytes(1)), ("b.h5", job_runs.scan_bytes(2)))
    at = data.rindex(b"PK\x01\x02")
    assert "share" in refusal(tmp_path, "zip", data[:at + 42] + (5).to_bytes(4, "little") + data[at + 46:])


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_limited_however_they_are_packed(tmp_path, kind):
    data = packed(kind, *[(f"{n}.h5", job_runs.scan_bytes(n, 1 << 20)) for n in range(4)])
    assert "bytes unpacked" in refusal(tmp_path, kind, data, Limits(3 << 20, 50, 100))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.h5")) <= 3 << 20


def test_a_member_that_claims_too_much_is_refused_before_it_is_read(tmp_path):
    info = tarfile.TarInfo("a.h5")
    info.size = LIMITS.bytes + 1
    assert "bytes unpacked" in refusal(tmp_path, "tar", info.tobuf() + bytes(10240)) and list(tmp_path.rglob("*.h5")) == []


@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_bombs_are_refused_before_they_go_off(tmp_path, kind):
    data = packed(kind, ("a.h5", bytes(80 << 20)))
    assert len(data) < 1 << 20
    assert "times as many" in refusal(tmp_path, kind, data, Limits(1 << 30, 50, 20))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.h5")) <= archives.RATIO_FROM_BYTES + archives.BLOCK_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_members_are_limited(tmp_path, kind):
    assert "members" in refusal(tmp_path, kind, packed(kind, *[(f"{n}.txt", b"") for n in range(51)]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_twice_is_refused(tmp_path, kind):
    with pytest.warns(UserWarning) if kind == "zip" else contextlib.nullcontext():
        data = packed(kind, ("a.h5", b"1"), ("./a.h5" if kind != "zip" else "a.h5", b"2"))
    assert "twice" in refusal(tmp_path, kind, data)
    assert "twice" in refusal(tmp_path / "below", kind, packed(kind, ("a.h5", b"1"), ("a.h5/b.h5", b"2")))


def test_a_giant_extended_header_is_refused_before_it_is_read(tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    assert "extended header" in refusal(tmp_path, "tar", info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))


def test_sparse_files_are_refused(tmp_path):
    info = tarfile.TarInfo("a.h5")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a.h5", "GNU.sparse.realsize": str(1 << 20)}
    assert "sparse" in refusal(tmp_path, "tar", tar_of((info, b"1\n0\n1\n".ljust(512, b"\0") + b"x")))


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_was_cut_is_refused_wherever(tmp_path, kind):
    """Also between two members, where tarfile alone would notice nothing."""
    data = packed(kind, ("a.h5", job_runs.scan_bytes(1, 1024)), ("b.h5", job_runs.scan_bytes(2, 1024)))
    lengths = [0, 1, 100, 512, 1024, 1536, 2048, 3072, 3584] if kind == "tar" else [0, 1, 100, len(data) // 3, len(data) // 2, len(data) - 30]
    for number, length in enumerate(lengths):
        (tmp_path / str(number)).mkdir()
        refusal(tmp_path / str(number), kind, data[:length])


@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_damage_is_noticed(tmp_path, kind):
    data = bytearray(packed(kind, ("a.h5", job_runs.scan_bytes(1, 100_000))))
    if kind == "zst":
        data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(tar_of(("a.h5", job_runs.scan_bytes(1, 100_000)))))
    data[len(data) // 2] ^= 0x55
    refusal(tmp_path, kind, bytes(data))


def test_damage_between_members_is_noticed(tmp_path):
    data = bytearray(tar_of(("a.h5", b"1" * 512), ("b.h5", b"2" * 512)))
    second = data.index(b"b.h5")
    data[second:second + 4] = b"c.h6"  # the header's checksum is wrong now
    assert "behind a member" in refusal(tmp_path, "tar", bytes(data))


def scan_names(folder, *names, convertible=()):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return [(scan.path.relative_to(folder).as_posix(), scan.folder) for scan in find_scans(folder, convertible)]


def test_files_of_one_scan_belong_together(tmp_path):
    assert scan_names(tmp_path, "a/scan.cfl", "a/scan.hdr", "readme.txt", ".hidden.h5", "__MACOSX/a/scan.cfl") == [("a/scan.cfl", "")]


def test_several_scans_have_a_folder_each(tmp_path):
    assert scan_names(tmp_path, "a b/1.h5", "a b/1.mrd", "2.npy", "é/3.dat") == [("2.npy", "2"), ("a b/1.h5", "a_b-1"), ("a b/1.mrd", "a_b-1-2"), ("é/3.dat", "_-3")]


def test_no_scan_has_the_folder_of_a_series(tmp_path):
    assert scan_names(tmp_path, "series1.h5", "series2b.h5", "scan-series1.h5") == [("scan-series1.h5", "scan-series1"), ("series1.h5", "scan-series1-2"),
                                                                                   ("series2b.h5", "series2b")]


@pytest.mark.parametrize("names", [["a.cfl"], ["readme.txt"], []])
def test_half_a_scan_or_none_is_refused(tmp_path, names):
    with pytest.raises(Stop) as stop:
        scan_names(tmp_path, *names)
    assert stop.value.code == 65


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_may_be_an_archive_of_several_scans(tmp_path, kind):
    scans = [job_runs.scan_bytes(n) for n in range(3)]
    members = [("x/0.h5", scans[0]), ("x/1.cfl", scans[1]), ("x/1.hdr", scans[2]), ("notes.txt", b"")]
    (tmp_path / ("a" + ENDINGS[kind])).write_bytes(packed(kind, *members))
    job_runs.run_job(job_runs.write_manifest(tmp_path, [("u", "a" + ENDINGS[kind])]))
    note = job_runs.success(tmp_path / "out" / "u")
    assert [one["path"] for one in note["files"]] == ["x-0/recon.json", "x-0/series001/image0001.dcm", "x-1/recon.json", "x-1/series001/image0001.dcm"]
    seen = {name: json.loads((tmp_path / "out" / "u" / note["run_id"] / name / "recon.json").read_text())["input"] for name in ("x-0", "x-1")}
    assert seen == {"x-0": hashlib.sha256(scans[0]).hexdigest(), "x-1": hashlib.sha256(scans[1] + scans[2]).hexdigest()}


def test_an_attack_ends_its_unit_alone_with_the_reason(tmp_path):
    (tmp_path / "bad.tar").write_bytes(tar_of(("../../Secret^Name.h5", b"x")))
    manifest = job_runs.write_manifest(tmp_path, [("bad", "bad.tar"), *job_runs.write_inputs(tmp_path, 1)])
    ran = job_runs.run_job(manifest, code=65)
    failed, = ran.events("unit-failed")
    assert "leads out of the archive" in failed["error"] and "Secret" not in ran.stdout
    note = json.loads(next((tmp_path / "out" / "bad").glob("*/_FAILURE.json")).read_text())
    assert (note["format"], note["unit"], note["exit"], note["error"]) == ("raki-failure-1", "bad", 65, failed["error"])
    job_runs.success(tmp_path / "out" / "u0")
    assert job_runs.leftovers(tmp_path) == []


def test_a_full_disk_may_pass(tmp_path):
    """A limit on the size of files stands for one."""
    (tmp_path / "a.tar").write_bytes(tar_of(("a.h5", job_runs.scan_bytes(1, 1 << 20))))
    manifest = job_runs.write_manifest(tmp_path, [("u", "a.tar")])
    limited = "ulimit -f 512; exec \"$@\""
    done = subprocess.run(["bash", "-c", limited, "x", *map(str, job_runs.command(manifest))], capture_output=True, text=True, env=job_runs.environment())
    assert done.returncode == 75 and "larger disk" in done.stdout and job_runs.leftovers(tmp_path) == []
