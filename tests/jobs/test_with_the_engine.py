"""raki-job with the real `raki worker`: what the stub promises holds for the engine."""

import json
import os
import pathlib
import subprocess
import tarfile

import pydicom
import pytest
from job_runs import leftovers, run_job, success, write_manifest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RAKI = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build")) / "bin" / "raki"


needs_engine = pytest.mark.skipif(not RAKI.exists() or subprocess.run([RAKI, "worker", "--help"], capture_output=True).returncode != 0,
                                  reason=f"no program with `raki worker` at {RAKI} (RAKI_BUILD says where)")


@needs_engine
def test_scans_become_images_and_a_damaged_one_is_refused(tmp_path):
    subprocess.run([RAKI, "phantom", "-o", tmp_path / "a.h5", "--matrix-x", "64", "--matrix-y", "64", "--slices", "2", "--coils", "4", "--acs", "24"],
                   check=True, capture_output=True)
    (tmp_path / "bad.h5").write_bytes((tmp_path / "a.h5").read_bytes()[:5000])
    with tarfile.open(tmp_path / "two.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "a.h5", "first.h5")
        tar.add(tmp_path / "a.h5", "second.h5")
    manifest = write_manifest(tmp_path, [("one", "a.h5", {"output": ["dicom", "npy"]}), ("bad", "bad.h5"), ("two", "two.tar.gz")], options={"method": "grappa"})
    ran = run_job(manifest, "--threads", 1, worker=f"{RAKI} worker --log json", code=65)
    files = {one["path"]: one for one in success(tmp_path / "out" / "one")["files"]}
    assert {"recon.json", "image.npy", "series001/image0001.dcm", "series001/image0002.dcm"} <= files.keys()
    told = json.loads(next((tmp_path / "out" / "one").glob("*/recon.json")).read_text())
    assert all(files[one["path"]]["sha256"] == one["sha256"] for one in told["files"])
    assert {path.partition("/")[0] for path in (one["path"] for one in success(tmp_path / "out" / "two")["files"])} == {"first", "second"}
    assert (ran.summary["done"], ran.summary["failed"]) == (2, 1) and leftovers(tmp_path) == []
    assert run_job(manifest, worker=f"{RAKI} worker --log json", code=65).summary["skipped"] == 2


@needs_engine
def test_the_engine_reads_the_files_that_options_name(tmp_path):
    phantom = [RAKI, "phantom", "--matrix-x", "64", "--matrix-y", "64", "--coils", "4", "--acs", "24"]
    subprocess.run([*phantom, "-o", tmp_path / "a.h5"], check=True, capture_output=True)
    (tmp_path / "site.json").write_text(json.dumps({"InstitutionName": "St. Elsewhere"}))
    manifest = write_manifest(tmp_path, [("a", "a.h5", {"dicom-template": "site.json"}), ("b", "a.h5", {"noise": "a.h5"}), ("c", "a.h5", {"noise": "site.json"})],
                              options={"method": "grappa", "output": "dicom"})
    run_job(manifest, worker=f"{RAKI} worker --log json", code=65)
    image = pydicom.dcmread(next((tmp_path / "out" / "a").rglob("image0001.dcm")))
    assert image.InstitutionName == "St. Elsewhere"
    assert success(tmp_path / "out" / "b")["input"]["options"]["noise"]["bytes"] == (tmp_path / "a.h5").stat().st_size
    assert not list((tmp_path / "out" / "c").rglob("_SUCCESS.json"))
