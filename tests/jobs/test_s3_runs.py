"""raki-job with inputs, manifest and results in S3: moto's server, and faults between it and us."""

import hashlib
import io
import json
import tarfile
import zipfile

import job_runs
import pytest
from fault_proxy import Fault
from job_runs import scan_bytes

BIG = 3 << 20


def upload(bucket, count, size=1000):
    return [(f"u{n}", bucket.put(f"in/{n}.h5", scan_bytes(n, size)).rpartition("/")[2]) for n in range(count)]


def check(bucket, count, size=1000):
    """Every unit published once, with the right bytes, and every file as its note says; no half uploads."""
    for n in range(count):
        note = bucket.note(f"u{n}")
        assert bucket.seen(f"u{n}") == hashlib.sha256(scan_bytes(n, size)).hexdigest()
        place = f"in/out/u{n}/{note['run_id']}/"
        assert set(bucket.keys(place)) == {place + one["path"] for one in note["files"]} | {place + "_SUCCESS.json"}
        for one in note["files"]:
            data = bucket.get(place + one["path"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_a_unit_costs_two_calls_beyond_its_data(bucket, tmp_path):
    manifest = bucket.manifest(upload(bucket, 4))
    with bucket.proxy() as proxy:
        ran = bucket.run(proxy, manifest, "--scratch", tmp_path)
    check(bucket, 4)
    assert proxy.count("GET", r"manifest\.json") == 1 and proxy.count("GET", r"\.h5") == 4 and proxy.count("GET") == 5
    data = proxy.count("PUT", "(recon.json|dcm)$")
    assert data == 8 and proxy.count("HEAD", "_SUCCESS.json") == 4 and proxy.count("PUT", "_SUCCESS.json") == 4
    assert len(proxy.requests) == 1 + 4 + data + 2 * 4
    assert ran.summary["done"] == 4 and job_runs.leftovers(tmp_path) == []
    note = bucket.note("u0")
    assert note["input"] == {"etag": hashlib.md5(scan_bytes(0)).hexdigest(), "bytes": 1000}


def test_a_repeat_costs_two_calls_and_with_etags_one(bucket, tmp_path):
    units = upload(bucket, 3)
    manifest = bucket.manifest(units)
    with bucket.proxy() as proxy:
        bucket.run(proxy, manifest)
    with bucket.proxy() as proxy:
        assert bucket.run(proxy, manifest).summary["skipped"] == 3
    assert len(proxy.requests) == 1 + 2 * 3
    full = bucket.manifest([{"id": name, "input": path, "etag": hashlib.md5(scan_bytes(n)).hexdigest(), "bytes": 1000} for n, (name, path) in enumerate(units)])
    with bucket.proxy() as proxy:
        assert bucket.run(proxy, full).summary["skipped"] == 3  # the same run, wherever its ETag comes from
    assert len(proxy.requests) == 1 + 3
    check(bucket, 3)


def test_files_that_options_name_are_fetched(bucket, tmp_path):
    template = bucket.put("forms/site.json", b"{}")
    bucket.put("in/noise.cfl", b"noise")
    bucket.put("in/noise.hdr", b"header")
    manifest = bucket.manifest(upload(bucket, 2), options={"dicom-template": template, "noise": "noise.cfl"})
    with bucket.proxy(Fault("GET", r"noise\.cfl", "drop", 1)) as proxy:
        bucket.run(proxy, manifest, "--scratch", tmp_path)
    check(bucket, 2)
    note = bucket.note("u1")
    assert note["options"] == {"dicom-template": template, "noise": "noise.cfl"} and job_runs.leftovers(tmp_path) == []
    assert note["input"]["options"]["dicom-template"] == {"etag": hashlib.md5(b"{}").hexdigest(), "bytes": 2} and note["input"]["options"]["noise"]["bytes"] == 11
    told = json.loads(bucket.get(f"in/out/u1/{note['run_id']}/recon.json"))["options"]
    assert told["noise"].startswith(str(tmp_path)) and told["noise"].endswith("/noise/noise.cfl") and told["dicom-template"].endswith("/site.json")
    bucket.put("forms/site.json", b"{ }")
    with bucket.proxy() as proxy:
        assert bucket.run(proxy, manifest).summary["done"] == 2  # another template is another run


INPUT_FAULTS = [("503", 2), ("500", 2), ("drop", 2), ("cut", 3), ("slow", 1), ("stall", 1)]
RESULT_FAULTS = [("PUT", r"\.dcm", "503", 2), ("PUT", r"\.dcm", "500", 1), ("PUT", r"\.dcm", "drop", 2), ("PUT", r"\.dcm", "lost", 1), ("PUT", "_SUCCESS", "503", 2),
                 ("PUT", "_SUCCESS", "500", 1), ("PUT", "_SUCCESS", "drop", 1), ("PUT", "_SUCCESS", "lost", 1), ("HEAD", "_SUCCESS", "503", 2), ("HEAD", "_SUCCESS", "drop", 1)]


def check_with_faults(bucket, count, *faults):
    """A fault for each unit, and one more for the manifest."""
    manifest = bucket.manifest(upload(bucket, count, BIG))
    asked = [(fault.action, fault.times) for fault in faults]
    with bucket.proxy(*faults, Fault("GET", r"manifest\.json", "cut")) as proxy:
        ran = bucket.run(proxy, manifest)
    check(bucket, count, BIG)
    assert [fault for fault in faults if fault.times] == [], "some faults never came"
    assert sum(one[2] != "passed" for one in proxy.requests) == sum(times for _, times in asked) + 1
    assert ran.summary["failed"] == ran.summary["retry"] == 0 and "Secret" not in ran.stdout


def test_inputs_are_right_whatever_happens_on_the_way(bucket):
    check_with_faults(bucket, len(INPUT_FAULTS), *[Fault("GET", rf"{n}\.h5", *fault) for n, fault in enumerate(INPUT_FAULTS)])


def test_results_are_right_whatever_happens_on_the_way(bucket):
    check_with_faults(bucket, len(RESULT_FAULTS), *[Fault(method, rf"u{n}/.*{path}", *more) for n, (method, path, *more) in enumerate(RESULT_FAULTS)])


def test_a_download_goes_on_where_it_broke_and_not_from_the_start(bucket):
    manifest = bucket.manifest(upload(bucket, 1, BIG))
    with bucket.proxy(Fault("GET", r"\.h5", "cut", 2)) as proxy:
        bucket.run(proxy, manifest)
    assert proxy.count("GET", r"\.h5") == 3
    check(bucket, 1, BIG)


def test_trouble_that_stays_is_tried_again_by_another_attempt(bucket):
    manifest = bucket.manifest(upload(bucket, 2, BIG))
    with bucket.proxy(Fault("GET", r"0\.h5", "cut", 1000)) as proxy:
        ran = bucket.run(proxy, manifest, code=75)
    assert ran.summary["retry"] == 1 and ran.summary["done"] == 1 and not [key for key in bucket.keys("in/out") if "_FAILURE" in key]
    with bucket.proxy() as proxy:
        assert bucket.run(proxy, manifest).summary["skipped"] == 1
    check(bucket, 2, BIG)


def test_an_input_that_changes_while_it_is_read_is_not_mixed(bucket):
    """The first half of the old and the second of the new would be a scan that never was."""
    manifest = bucket.manifest([("u", "x.h5")])
    bucket.put("in/x.h5", scan_bytes(1, BIG))

    with bucket.proxy(Fault("GET", r"x\.h5", "cut", 1)) as proxy:
        original = proxy.note

        def note(method, path):
            if proxy.count("GET", r"x\.h5"):
                bucket.put("in/x.h5", scan_bytes(2, BIG))
            return original(method, path)

        proxy.note = note
        ran = bucket.run(proxy, manifest, code=65)
    assert "changed" in ran.events("unit-failed")[0]["error"] and not [key for key in bucket.keys() if "_SUCCESS" in key]


def test_an_etag_that_is_not_the_manifests_is_refused(bucket):
    bucket.put("in/x.h5", scan_bytes(1))
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest([{"id": "u", "input": "x.h5", "etag": "0" * 32, "bytes": 1000}]), code=65)


@pytest.mark.parametrize("fault, unit, code", [(None, ("u", "absent.h5"), 66), (Fault("GET", r"0\.h5", "403", 9), None, 77), (Fault("PUT", "dcm$", "403", 9), None, 77),
                                               (None, ("u", "s3://no-such-bucket/x.h5"), 66)])
def test_what_no_repeat_helps(bucket, fault, unit, code):
    units = [unit] if unit else upload(bucket, 1)
    with bucket.proxy(*[fault] if fault else []) as proxy:
        ran = bucket.run(proxy, bucket.manifest(units), code=code)
    note, = [key for key in bucket.keys() if key.endswith("_FAILURE.json")]
    assert json.loads(bucket.get(note))["exit"] == code and ran.summary["failed"] == 1


def test_a_bucket_that_is_not_there_cannot_take_results(bucket):
    upload(bucket, 1)
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest([("u0", "0.h5")], output="s3://no-such-bucket/out"), code=73)


def archive(kind, files):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as made:
            for name, data in files.items():
                made.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if kind == "tgz" else "w") as made:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                made.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("action", [None, "cut", "503"])
@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_archives_are_unpacked_while_they_arrive(bucket, tmp_path, kind, action):
    data = archive(kind, {"a.cfl": scan_bytes(1, BIG), "a.hdr": scan_bytes(2), "x/b.cfl": scan_bytes(3, BIG), "x/b.hdr": scan_bytes(4)})
    bucket.put(f"in/study.{kind}", data)
    manifest = bucket.manifest([("u", f"study.{kind}")])
    with bucket.proxy(*[Fault("GET", "study", action, 2)] if action else []) as proxy:
        bucket.run(proxy, manifest, "--scratch", tmp_path)
    note = bucket.note("u")
    for name, parts in (("a", (1, 2)), ("x-b", (3, 4))):
        seen = json.loads(bucket.get(f"in/out/u/{note['run_id']}/{name}/recon.json"))["input"]
        assert seen == hashlib.sha256(scan_bytes(parts[0], BIG) + scan_bytes(parts[1])).hexdigest()
    assert proxy.count("GET", "study") <= (1 if kind != "zip" else 5) + (2 if action else 0)
    assert job_runs.leftovers(tmp_path) == []


def test_a_prefix_is_one_unit(bucket):
    for name, n in (("a.cfl", 1), ("a.hdr", 2), ("notes.txt", 3)):
        bucket.put(f"in/study/{name}", scan_bytes(n))
    bucket.put("in/study-other.h5", scan_bytes(4))
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest([("u", "study/"), ("pair", "study/a.cfl")]))
        assert bucket.seen("u") == bucket.seen("pair") == hashlib.sha256(scan_bytes(1) + scan_bytes(2)).hexdigest()
        bucket.run(proxy, bucket.manifest([("e", "empty/")]), code=66)


def test_a_key_that_leads_out_of_the_scratch_folder_is_refused(bucket, tmp_path):
    bucket.put("in/study/../../../evil.h5", b"x")
    bucket.put("in/study/b.h5", b"x")
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest([("u", "study/")]), "--scratch", tmp_path, code=65)
    assert list(tmp_path.rglob("evil*")) == []


@pytest.mark.parametrize("arguments", [("--most-bytes", 999), ("--most-members", 1)])
def test_inputs_are_limited(bucket, arguments):
    for n in range(2):
        bucket.put(f"in/study/{n}.h5", scan_bytes(n))
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest([("u", "study/")]), *arguments, code=65)
    assert proxy.count("GET", r"\.h5") == 0


def test_plain_http_to_another_machine_is_refused(bucket):
    ran = job_runs.run_job("s3://bucket/x.manifest.json", code=78, AWS_ENDPOINT_URL="http://10.255.255.1:9", RAKI_S3_TIMEOUT=1)
    assert "https" in ran.events("stopped")[0]["error"]


def test_nothing_private_is_told(bucket):
    for name in ("Secret-Name", "Secret-Name-2"):
        bucket.put(f"in/{name}.h5", scan_bytes(1))
    units = [("Secret-Name", "Secret-Name.h5"), ("Secret-Name-absent", "Secret-Name-absent.h5"), ("Secret-Name-2", "Secret-Name-2.h5")]
    with bucket.proxy(Fault("GET", "Name-2", "403", 99), Fault("GET", "Name.h5", "503", 1)) as proxy:
        ran = bucket.run(proxy, bucket.manifest(units, output="s3://" + bucket.name + "/Secret-Name"), code=77)
    assert ran.summary["done"] == 1 and ran.summary["failed"] == 2
    told = ran.stdout + ran.stderr
    assert not any(word in told for word in ("Secret", bucket.name, "AKIDFAKE", "SecretOfNobody", "127.0.0.1"))
    assert any("Secret-Name" in key for key in bucket.keys())
