"""raki-job split: archives with many scans become units and a manifest, in S3 and on disk; what it makes, raki-job run computes."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile

import job_runs
import pytest
import zstandard
from fault_proxy import Fault
from job_runs import environment, run_job, scan_bytes
from raki_job.split import indices_of, manifest_of, options_of
from raki_job.split_options import SplitOptions
from submitting import Cloud, events, killing, slow

MEMBERS = {"mo/Meier.h5": scan_bytes(1), "mo/tue/a.cfl": scan_bytes(2), "mo/tue/a.hdr": scan_bytes(3), "mo/tue/a.h5": scan_bytes(4), "notes.txt": b"?"}
UNITS = {"mo-Meier": ("h5",), "mo-tue-a": ("cfl", "hdr"), "mo-tue-a-2": ("h5",)}


def packed(kind, members):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return {"tar": bytes, "tar.gz": gzip.compress, "tar.zst": zstandard.ZstdCompressor().compress}[kind](out.getvalue())


def split(*arguments, code=0, **variables):
    """The summary line."""
    done = subprocess.run([sys.executable, job_runs.JOB, "split", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env=environment(**variables))
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Meier" not in done.stdout + done.stderr and "SecretOfNobody" not in done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["event"] == "summary" and lines[-1]["exit"] == code and all(set(line) <= job_runs.LOG_KEYS for line in lines)
    return lines


def on_disk(folder, *archives, code=0, more=()):
    return split(*archives, "--output", folder / "out", "--results", folder / "results", *more, code=code)[-1]


def manifest_in(folder):
    [path] = (folder / "out").glob("*/units.manifest.json")
    return path, json.loads(path.read_text())


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.zst", "zip"])
def test_every_scan_becomes_a_unit_and_every_unit_a_result(tmp_path, kind):
    archive = tmp_path / f"Meier.{kind}"
    archive.write_bytes(packed(kind, MEMBERS))
    summary = on_disk(tmp_path, archive, more=["--set", "method=raki", "--set", "noise-map=true", "--set", "seed=7"])
    path, made = manifest_in(tmp_path)
    assert summary["units"] == summary["array_size"] == 3 and summary["run_id"] == path.parent.name
    assert made["options"] == {"method": "raki", "noise-map": True, "seed": 7} and made["output"] == str(tmp_path / "results")
    assert {unit["id"] for unit in made["units"]} == UNITS.keys()
    assert {one.name for one in path.parent.iterdir()} == {f"{unit}.{ending}" for unit, endings in UNITS.items() for ending in endings} | {path.name}
    assert (path.parent / "mo-tue-a.hdr").read_bytes() == MEMBERS["mo/tue/a.hdr"]
    run_job(path)
    assert {folder.name for folder in (tmp_path / "results").iterdir()} == UNITS.keys()
    assert job_runs.leftovers(tmp_path) == []


def test_a_repeat_does_nothing_and_other_wishes_or_bytes_get_their_own_folder(tmp_path):
    archive = tmp_path / "a.tar"
    archive.write_bytes(packed("tar", MEMBERS))
    first = on_disk(tmp_path, archive)
    path, _ = manifest_in(tmp_path)
    before = path.stat().st_mtime_ns
    assert on_disk(tmp_path, archive) | {"ts": 0, "seconds": 0} == {"ts": 0, "level": "info", "event": "summary", "attempt": 1, "seconds": 0, "exit": 0,
                                                                    "run_id": first["run_id"], "skipped": 1}
    assert path.stat().st_mtime_ns == before
    on_disk(tmp_path, archive, more=["--set", "method=grappa"])
    archive.write_bytes(packed("tar", {**MEMBERS, "b.h5": b"more"}))
    on_disk(tmp_path, archive)
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_scans_of_one_name_in_several_archives_stay_apart(tmp_path):
    for name in ("a.tar", "a.zip"):
        (tmp_path / name).write_bytes(packed(name[2:], {"scan.h5": name.encode()}))
    on_disk(tmp_path, tmp_path / "a.tar", tmp_path / "a.zip")
    path, made = manifest_in(tmp_path)
    assert {(path.parent / unit["input"]).read_bytes() for unit in made["units"]} == {b"a.tar", b"a.zip"}


def test_an_archive_with_one_scan(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed("zip", {"Meier.h5": b"data"}))
    on_disk(tmp_path, tmp_path / "a.zip")
    assert [unit["id"] for unit in manifest_in(tmp_path)[1]["units"]] == ["scan"]


@pytest.mark.parametrize("scans, wished, packed, indices", [(3, 1, 1, 3), (3, 2, 2, 2), (10_000, 1, 1, 10_000), (10_003, 1, 2, 5002),
                                                             (10_003, 5, 5, 2001)])
def test_more_scans_than_an_array_has_indices_are_packed(scans, wished, packed, indices):
    options = SplitOptions(output="out", results="s3://results/here", units_per_index=wished)
    made = manifest_of([{"id": str(number), "input": f"{number}.h5"} for number in range(scans)], options, {})
    assert made["units_per_index"] == packed and indices_of(made) == indices


@pytest.mark.parametrize("arguments, code", [(["a.h5"], 64), (["a.tar", "--set", "method"], 64), (["a.tar", "--set", "a=1", "--set", "a=2"], 64),
                                             (["a.tar", "--set", "overwrite=true"], 78), (["a.tar", "--set", "noise="], 78), (["a.tar", "--set", "noise=folder/"], 78), (["gone.tar"], 66), (["bad.tar"], 65), (["none.tar"], 65),
                                             (["half.tar"], 65), (["a.tar", "--convert", "dat"], 78), (["a.tar", "--most-members", "3"], 65)],
                         ids=["no archive", "no value", "twice", "not a unit's", "no name", "a folder", "missing", "damaged", "no scan", "half a scan", "converter", "too many"])
def test_what_cannot_be_split_leaves_nothing(tmp_path, arguments, code):
    (tmp_path / "a.tar").write_bytes(packed("tar", MEMBERS))
    (tmp_path / "bad.tar").write_bytes(packed("tar", MEMBERS)[:3000])
    (tmp_path / "none.tar").write_bytes(packed("tar", {"notes.txt": b"?"}))
    (tmp_path / "half.tar").write_bytes(packed("tar", {"a.cfl": b"?"}))
    on_disk(tmp_path, tmp_path / arguments[0], code=code, more=arguments[1:])
    assert list((tmp_path / "out").glob("*")) == [] and job_runs.leftovers(tmp_path) == []


def test_files_of_options_are_those_of_this_machine(tmp_path):
    assert options_of(["noise=n.h5", "mask=s3://raw/mask.npy", "method=raki"]) == {"noise": os.path.abspath("n.h5"), "mask": "s3://raw/mask.npy", "method": "raki"}


def test_usage_is_told():
    for arguments in ([], ["a.tar"], ["a.tar", "b.tar", "--output", "o", "--results", "r", "--etag", "e"]):
        done = subprocess.run([sys.executable, job_runs.JOB, "split", *arguments], capture_output=True, text=True, env=environment())
        assert done.returncode == 64 and "Wrong usage" in done.stderr and done.stdout == ""


def in_s3(bucket, proxy, archive, *more, code=0):
    return split(archive, "--output", f"s3://{bucket.name}/prepared/", "--results", f"s3://{bucket.name}/results", *more, code=code,
                 AWS_ENDPOINT_URL=proxy.url, RAKI_S3_TIMEOUT=2)


def assert_prepared(bucket):
    """One manifest, all its units whole."""
    [manifest] = [key for key in bucket.keys("prepared/") if key.endswith(".manifest.json")]
    units, folder = json.loads(bucket.get(manifest))["units"], manifest.rpartition("/")[0]
    found = {key.rpartition("/")[2]: hashlib.md5(bucket.get(key)).hexdigest() for key in bucket.keys(folder) if key != manifest}
    assert found == {f"{unit}.{ending}": hashlib.md5(MEMBERS[name]).hexdigest() for (unit, ending), name in
                     {("mo-Meier", "h5"): "mo/Meier.h5", ("mo-tue-a", "cfl"): "mo/tue/a.cfl", ("mo-tue-a", "hdr"): "mo/tue/a.hdr",
                      ("mo-tue-a-2", "h5"): "mo/tue/a.h5"}.items()}
    assert {unit["id"]: unit["etag"] for unit in units} == {unit["id"]: found[unit["input"]] for unit in units}
    assert {unit["id"]: unit.get("bytes") for unit in units} == {"mo-Meier": 1000, "mo-tue-a": None, "mo-tue-a-2": 1000}
    return manifest


def test_from_s3_to_s3_through_faults(bucket):
    archive = bucket.put("raw/Meier.tgz", packed("tar.gz", MEMBERS))
    with bucket.proxy(Fault("GET", "raw/", "cut"), Fault("PUT", "prepared/", "503", 2), Fault("PUT", "prepared/", "lost", 1),
                      Fault("PUT", "manifest", "lost", 1)) as proxy:
        in_s3(bucket, proxy, archive)
        manifest = assert_prepared(bucket)
        assert proxy.count("PUT") >= 5 + 3 and all(fault.times == 0 for fault in proxy.faults)
        run_job(f"s3://{bucket.name}/{manifest}", AWS_ENDPOINT_URL=proxy.url)
        assert {key.split("/")[1] for key in bucket.keys("results/")} == UNITS.keys()
        before = proxy.count("PUT")
        assert in_s3(bucket, proxy, archive)[-1]["skipped"] == 1 and proxy.count("PUT") == before


def test_an_archive_that_changed_since_its_event_is_refused(bucket):
    archive = bucket.put("raw/a.tar", packed("tar", MEMBERS))
    with bucket.proxy() as proxy:
        assert "another ETag" in in_s3(bucket, proxy, archive, "--etag", "0" * 32, code=65)[0]["error"]
        assert bucket.keys("prepared/") == []
        etag = bucket.client.head_object(Bucket=bucket.name, Key="raw/a.tar")["ETag"]
        in_s3(bucket, proxy, archive, "--etag", etag)
    assert_prepared(bucket)


@pytest.mark.parametrize("number", [pytest.param(number, marks=() if number == 4 else slow) for number in range(8)])
@pytest.mark.parametrize("action", ["drop", "lost"])
def test_a_killed_run_shows_nothing_half_and_is_gone_on_with(bucket, tmp_path, number, action):
    """Requests: the archive, the look for a manifest, four files, the list, the manifest."""
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    archive = bucket.put("raw/a.tar", packed("tar", MEMBERS))
    arguments = [archive, "--output", f"s3://{bucket.name}/prepared", "--results", f"s3://{bucket.name}/results", "--scratch", tmp_path]
    with bucket.proxy() as proxy:
        killing(proxy, lambda: process, number, action)
        process = subprocess.Popen([sys.executable, job_runs.JOB, "split", *map(str, arguments)], stdout=subprocess.DEVNULL,
                                   env=environment(AWS_ENDPOINT_URL=proxy.url))
        assert process.wait(60) == -9
    shown = [key for key in bucket.keys("prepared/") if key.endswith(".manifest.json")]
    assert bool(shown) == (number == 7 and action == "lost")
    with bucket.proxy() as proxy:
        split(*arguments, AWS_ENDPOINT_URL=proxy.url)
    assert_prepared(bucket)
    versions = bucket.client.list_object_versions(Bucket=bucket.name, Prefix="prepared/")["Versions"]
    assert len(versions) == 5 and job_runs.leftovers(tmp_path) == []


def test_sigterm_ends_it_and_leaves_nothing_to_be_seen(bucket, tmp_path):
    archive = bucket.put("raw/a.tar", packed("tar", MEMBERS))
    with bucket.proxy() as proxy:
        usual = proxy.note
        proxy.note = lambda method, path: (method == "GET" and (process.terminate(), time.sleep(0.3)), usual(method, path))[1]
        process = subprocess.Popen([sys.executable, job_runs.JOB, "split", archive, "--output", f"s3://{bucket.name}/prepared", "--results", "results",
                                    "--scratch", tmp_path], stdout=subprocess.PIPE, text=True, env=environment(AWS_ENDPOINT_URL=proxy.url))
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 75 and json.loads(out.splitlines()[-1])["exit"] == 75
    assert bucket.keys("prepared/") == [] and job_runs.leftovers(tmp_path) == []


def test_from_an_archive_that_arrives_to_an_array(moto):
    """The submitter starts the split job; the manifest that it writes is an event of its own and starts the array."""
    cloud = Cloud(moto)
    container = {"image": "raki", "vcpus": 1, "memory": 128, "command": ["split", "Ref::archive"]}
    cloud.batch.register_job_definition(jobDefinitionName=f"{cloud.name}-split", type="container", containerProperties=container)
    configuration = {"QueueConfigurations": [{"QueueArn": cloud.arn(cloud.queue), "Events": ["s3:ObjectCreated:*"]}]}
    cloud.s3.put_bucket_notification_configuration(Bucket=cloud.bucket, NotificationConfiguration=configuration)
    cloud.put("raw/mo.tar", packed("tar", MEMBERS))
    settings = {"RAKI_SPLIT_DEFINITION": f"{cloud.name}-split", "RAKI_PREPARED": f"s3://{cloud.bucket}/prepared"}
    assert events(cloud.drain(**settings)).count("submitted") == 1
    [job] = cloud.jobs()
    words = job["parameters"]
    split(words["archive"], "--etag", words["etag"], "--output", words["output"], "--results", words["results"], AWS_ENDPOINT_URL=cloud.url)
    assert events(cloud.drain(**settings)).count("submitted") == 1
    [array] = [one for one in cloud.jobs() if one["jobId"] != job["jobId"]]
    assert array["arrayProperties"]["size"] == 3 and array["parameters"]["manifest"].endswith("/units.manifest.json")
