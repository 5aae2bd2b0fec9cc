"""raki-health-imaging before a HealthImaging of the tests' own and moto's S3: the fate of every file, and every pixel back."""

import gzip
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import boto3
import botocore.config
import job_runs
import numpy as np
import pydicom
import pytest
from health_imaging_double import DATASTORE, health_imaging
from raki_cloud import s3
from raki_cloud.exits import Stop
from raki_health_imaging import metadata

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "jobs" / "cloud" / "raki-health-imaging"
RAKI = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build")) / "bin" / "raki"
ROLE = "arn:aws:iam::123456789012:role/import"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Result folders of one small scan by transfer syntax and kind of DICOM."""
    assert RAKI.exists(), f"{RAKI} is not built: run tests/run"
    folder = tmp_path_factory.mktemp("results")
    subprocess.run([RAKI, "phantom", "-o", folder / "scan.h5", "--slices", "3", "--coils", "4", "--matrix-x", "96", "--matrix-y", "64"], check=True, capture_output=True)
    for name, more in (("htj2k", []), ("plain", ["--syntax", "explicit-le"]), ("enhanced", ["--dicom", "enhanced"]), ("maps", ["--noise-map", "--parts", "phase"])):
        subprocess.run([RAKI, "recon", folder / "scan.h5", "-o", folder / name, "-m", "grappa", "--output", "dicom", "-q", *more], check=True)
    return folder


@pytest.fixture
def double(bucket):
    with health_imaging(bucket.client) as double:
        yield double


def upload(bucket, folder, prefix="results/u1/run1"):
    """A result folder as raki-job publishes it: side-cars too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            bucket.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    bucket.put(f"{prefix}/_SUCCESS.json", b"{}")
    return f"s3://{bucket.name}/{prefix}"


def started(double, bucket, *arguments, **variables):
    program = variables.pop("program", PROGRAM)
    environment = job_runs.environment(AWS_ENDPOINT_URL_S3=f"http://{bucket.moto[0]}:{bucket.moto[1]}", AWS_ENDPOINT_URL_MEDICAL_IMAGING=double.url, **variables)
    return subprocess.Popen([sys.executable, program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def run(double, bucket, *arguments, code=0, **variables):
    process = started(double, bucket, *arguments, **variables)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, f"ended with {process.returncode}, not {code}:\n{out}\n{err}"
    return out, err


def importing(bucket, address, *more):
    return ["import", address, "--datastore", DATASTORE, "--role", ROLE, "--output", f"s3://{bucket.name}/imports", "--json", "--poll", "0.05", *more]


def imported(double, bucket, address, *more, code=0):
    """The status of each file, by the end of its key."""
    out, _ = run(double, bucket, *importing(bucket, address, *more), code=code)
    return {line["key"].split("run1/")[1]: line["status"] for line in map(json.loads, out.splitlines())}


SIDE_CARS = {"_SUCCESS.json": "left out", "recon.json": "left out"}
IMAGES = [f"series001/image{n:04}.dcm" for n in (1, 2, 3)]


def test_every_file_has_a_fate_and_a_repeat_asks_the_service_nothing(double, bucket, results):
    address, double.shuffle = upload(bucket, results / "htj2k"), True
    expected = {**SIDE_CARS, **{name: "imported" for name in IMAGES}}
    assert imported(double, bucket, address) == expected
    assert sum(len(series["Instances"]) for one in double.sets.values() for series in one["Study"]["Series"].values()) == 3
    calls = double.calls.copy()
    assert imported(double, bucket, address) == expected
    assert double.calls == calls and len(double.jobs) == 1


def test_completed_is_not_success(double, bucket, results):
    address = upload(bucket, results / "htj2k")
    bucket.put("results/u1/run1/series001/image0002.dcm", b"no DICOM at all")
    assert imported(double, bucket, address, code=65) == {**SIDE_CARS, **{name: "imported" for name in IMAGES}, IMAGES[1]: "refused"}
    assert [job["jobStatus"] for job in double.jobs.values()] == ["COMPLETED"]
    imported(double, bucket, address, code=65)
    assert len(double.jobs) == 1  # another job would refuse it as well


def test_changed_files_are_another_import(double, bucket, results):
    address = upload(bucket, results / "htj2k")
    imported(double, bucket, address)
    bucket.put("results/u1/run1/" + IMAGES[0], (results / "plain" / IMAGES[0]).read_bytes())
    imported(double, bucket, address)
    assert len(double.jobs) == 2


def test_a_file_without_ending_that_is_refused_is_told(double, bucket, results):
    address = upload(bucket, results / "htj2k")
    bucket.put("results/u1/run1/IM0001", b"no DICOM at all")
    assert imported(double, bucket, address, code=65)["IM0001"] == "refused"


@pytest.mark.parametrize("trouble", ["server_error", "not_mentioned"])
def test_what_may_pass_is_75_and_the_repeat_is_another_job(double, bucket, results, trouble):
    address = upload(bucket, results / "htj2k")
    setattr(double, trouble, "image0003.dcm")
    assert imported(double, bucket, address, code=75)[IMAGES[2]] == "failed"
    setattr(double, trouble, None)
    assert imported(double, bucket, address)[IMAGES[2]] == "imported"
    assert len(double.jobs) == 2


def test_warnings_and_sets_that_are_not_primary_are_told(double, bucket, results):
    address, double.warned = upload(bucket, results / "htj2k"), "image0001.dcm"
    assert imported(double, bucket, address)[IMAGES[0]] == "warning"
    double.not_primary = True
    other = upload(bucket, results / "htj2k", "results/u2/run1")
    assert set(imported(double, bucket, other).values()) == {"warning", "left out"}


def test_trouble_on_the_way_is_waited_for(double, bucket, results):
    double.faults["startDICOMImportJob"] = ["throttle", "500", "quota"]
    double.faults["getDICOMImportJob"] = ["500", "throttle"]
    imported(double, bucket, upload(bucket, results / "htj2k"))
    assert len(double.jobs) == 1 and double.calls["startDICOMImportJob"] == 4


def test_patience_ends_with_75_and_the_same_command_goes_on(double, bucket, results):
    address, double.looks = upload(bucket, results / "htj2k"), 10_000
    _, err = run(double, bucket, *importing(bucket, address, "--give-up", "0.5"), code=75)
    assert "IN_PROGRESS" in err
    next(iter(double.jobs.values()))["looks"] = 0
    imported(double, bucket, address)
    assert len(double.jobs) == 1 and double.calls["startDICOMImportJob"] == 1


def test_sigterm_ends_with_75_and_the_job_is_not_started_twice(double, bucket, results):
    address, double.looks = upload(bucket, results / "htj2k"), 10_000
    process = started(double, bucket, *importing(bucket, address))
    while not double.calls["getDICOMImportJob"]:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 75
    for key in bucket.keys("imports/"):  # as if it had died between the service's answer and its own record
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    next(iter(double.jobs.values()))["looks"] = 0
    imported(double, bucket, address)
    assert len(double.jobs) == 1 and double.calls["startDICOMImportJob"] == 2


@pytest.mark.parametrize("message, code", [("Access Denied to input", 77), ("something broke", 75)])
def test_a_job_that_failed_as_a_whole(double, bucket, results, message, code):
    double.job_fails = message
    assert set(imported(double, bucket, upload(bucket, results / "htj2k"), code=code).values()) == {"failed"}


def test_denied_missing_and_misused(double, bucket, results):
    address = upload(bucket, results / "htj2k")
    double.faults["startDICOMImportJob"] = ["denied"]
    run(double, bucket, *importing(bucket, address), code=77)
    run(double, bucket, *importing(bucket, f"s3://{bucket.name}/results/nothing"), code=66)
    run(double, bucket, *importing(bucket, f"s3://{bucket.name}/"), code=64)  # the output would be below the input
    run(double, bucket, *importing(bucket, address, "--role", "me"), code=64)
    assert not double.jobs


def test_a_neighbour_with_a_longer_name_is_not_imported(double, bucket, results):
    upload(bucket, results / "htj2k", "results/u1/run10")
    imported(double, bucket, upload(bucket, results / "htj2k"))
    assert [job["inputS3Uri"] for job in double.jobs.values()] == [f"s3://{bucket.name}/results/u1/run1/"]


def stored(double, bucket, folder, prefix="results/u1/run1"):
    """The image sets that an import of a result folder makes."""
    imported(double, bucket, upload(bucket, folder, prefix))
    return sorted(double.sets)


def fetch(double, bucket, image_set, out, *more, code=0, **variables):
    return run(double, bucket, "fetch-imageset", image_set, "--datastore", DATASTORE, "--raki", RAKI, *(["-o", out] if out else []), *more, code=code, **variables)


def test_the_entry_point_of_containers_fetches_too(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    fetch(double, bucket, image_set, tmp_path / "one", "--as", "npy")
    fetch(double, bucket, image_set, tmp_path / "two", "--as", "npy", program=job_runs.JOB)
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert "series001.npy" in files and files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}


def originals(folder):
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.mark.parametrize("kind", ["htj2k", "plain", "enhanced"])
def test_fetched_dicom_has_all_pixels_and_attributes(double, bucket, results, kind, tmp_path):
    image_set, = stored(double, bucket, results / kind)
    fetch(double, bucket, image_set, tmp_path / "out")
    fetched = originals(tmp_path / "out")
    assert len(fetched) == len(originals(results / kind)) > 0
    for before, after in zip(originals(results / kind), fetched):
        assert after.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        np.testing.assert_array_equal(after.pixel_array, before.pixel_array)
        for one in (before, after):
            del one["PixelData"]
            one.pop("SpecificCharacterSet", None)
        assert after.to_json_dict() == before.to_json_dict()
    for path in tmp_path.rglob("*.dcm"):
        assert subprocess.run(["dcmftest", path], capture_output=True).returncode == 0
    assert json.loads((tmp_path / "out" / "imageset.json").read_text())["series"][0]["attributes_left_out"] == 0


@pytest.mark.parametrize("kind", ["htj2k", "enhanced"])
def test_fetched_array_lies_where_its_geometry_says(double, bucket, results, kind, tmp_path):
    image_set, = stored(double, bucket, results / kind)
    fetch(double, bucket, image_set, tmp_path / "out", "--as", "npy")
    array, text = np.load(tmp_path / "out" / "series001.npy"), json.loads((tmp_path / "out" / "series001.json").read_text())
    before = originals(results / "htj2k")
    assert array.dtype == np.dtype("<u2")
    np.testing.assert_array_equal(array, [one.pixel_array for one in before])
    matrix = np.array(text["affine_lps_mm"])
    for number, one in enumerate(before):
        row, column, down, right = 5, 11, *map(float, one.PixelSpacing)
        across, along = np.array(one.ImageOrientationPatient[:3], float), np.array(one.ImageOrientationPatient[3:], float)
        expected = np.array(one.ImagePositionPatient, float) + across * column * right + along * row * down
        np.testing.assert_allclose(matrix @ [column, row, number, 1], [*expected, 1], atol=1e-6)


def test_slices_are_sorted_by_place_not_by_number(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    instances = next(iter(double.sets[image_set]["Study"]["Series"].values()))["Instances"]
    for number, one in enumerate(sorted(instances.values(), key=lambda one: one["DICOM"]["InstanceNumber"])):
        one["DICOM"]["InstanceNumber"] = str(9 - number)
    fetch(double, bucket, image_set, tmp_path / "out", "--as", "npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "series001.npy"), [one.pixel_array for one in originals(results / "htj2k")])


def test_broken_downloads_are_repeated(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    double.faults["getImageFrame"] = ["cut", "short", "throttle", "500", "cut"]
    double.faults["getImageSetMetadata"] = ["conflict", "500", "cut"]
    fetch(double, bucket, image_set, tmp_path / "out")
    assert not double.faults["getImageFrame"] and not double.faults["getImageSetMetadata"]
    assert [one.pixel_array.tolist() for one in originals(tmp_path / "out")] == [one.pixel_array.tolist() for one in originals(results / "htj2k")]


def test_a_frame_that_stays_short_is_74_and_leaves_nothing(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    double.faults["getImageFrame"] = ["short"] * 20
    fetch(double, bucket, image_set, tmp_path / "out", "--connections", "1", code=74)
    assert list((tmp_path / "out").iterdir()) == []
    double.faults["getImageFrame"] = ["short"] * 20
    fetch(double, bucket, image_set, tmp_path / "out", "--connections", "1", code=75, program=job_runs.JOB)  # what Batch tries again


def test_after_a_kill_the_same_folder_is_used_again(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    double.delay = 1.0
    process = started(double, bucket, "fetch-imageset", image_set, "--datastore", DATASTORE, "--raki", RAKI, "-o", tmp_path / "out")
    while not double.calls["getImageFrame"]:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert any(path.name.startswith(".") for path in (tmp_path / "out").iterdir())
    double.delay = 0.0
    fetch(double, bucket, image_set, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["imageset.json", "series001"]


def test_stock_boto3_gets_on_with_the_double(double, bucket, results):
    """So that what we see of it is not only what our own code asks."""
    image_set, = stored(double, bucket, results / "htj2k")
    client = boto3.client("medical-imaging", endpoint_url=double.url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y",
                          config=botocore.config.Config(inject_host_prefix=False))
    assert client.get_image_set(datastoreId=DATASTORE, imageSetId=image_set)["imageSetState"] == "ACTIVE"
    assert [one["imageSetId"] for one in client.search_image_sets(datastoreId=DATASTORE)["imageSetsMetadataSummaries"]] == [image_set]
    assert [one["jobStatus"] for one in client.list_dicom_import_jobs(datastoreId=DATASTORE)["jobSummaries"]] == ["COMPLETED"]


def test_pixels_that_are_not_those_of_the_checksum_are_refused(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    instances = next(iter(double.sets[image_set]["Study"]["Series"].values()))["Instances"]
    list(instances.values())[1]["ImageFrames"][0]["PixelDataChecksumFromBaseToFullResolution"][-1]["Checksum"] ^= 1
    _, err = fetch(double, bucket, image_set, tmp_path / "out", code=65)
    assert "CRC-32" in err and list((tmp_path / "out").iterdir()) == []


def test_connections_are_as_many_as_asked_for_and_signed_series_are_the_same(double, bucket, results, tmp_path):
    names = stored(double, bucket, results / "maps")
    double.most_at_once, double.delay = 0, 0.05  # long enough for two to meet on a busy machine
    for name in names:
        fetch(double, bucket, name, tmp_path / name, "--connections", "2")
    assert double.most_at_once == 2
    before, after = ({one.SOPInstanceUID: one for one in originals(folder)} for folder in (results / "maps", tmp_path))
    assert before.keys() == after.keys() and {one.PixelRepresentation for one in before.values()} == {0, 1}
    for uid, one in before.items():
        np.testing.assert_array_equal(after[uid].pixel_array, one.pixel_array)
        assert after[uid].get("RealWorldValueMappingSequence") == one.get("RealWorldValueMappingSequence")


def test_folder_in_use_and_folder_of_monai(double, bucket, results, tmp_path):
    image_set, = stored(double, bucket, results / "htj2k")
    (tmp_path / "mine").write_text("kept")
    fetch(double, bucket, image_set, tmp_path, code=73)
    fetch(double, bucket, image_set, None, code=64)
    fetch(double, bucket, image_set, None, HOLOSCAN_INPUT_PATH=tmp_path / "new", MONAI_INPUTPATH=tmp_path / "old")
    assert (tmp_path / "new" / "imageset.json").exists() and not (tmp_path / "old").exists()
    fetch(double, bucket, image_set, None, MONAI_INPUTPATH=tmp_path / "old")
    assert (tmp_path / "old" / "imageset.json").exists()
    assert (tmp_path / "mine").read_text() == "kept"


def test_nothing_of_the_patient_is_said(double, bucket, results, tmp_path):
    shutil.copytree(results / "plain", tmp_path / "named")
    for path in (tmp_path / "named").rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.PatientName, data.PatientID, data.SpecificCharacterSet = "Geheim^Jürgen", "ID-4711", "ISO_IR 192"
        data.save_as(path)
    image_set, = stored(double, bucket, tmp_path / "named")
    said = fetch(double, bucket, image_set, tmp_path / "out", "--as", "npy") + fetch(double, bucket, image_set, tmp_path / "dicom")
    texts = "".join(said) + "".join(path.read_text() for path in (tmp_path / "out").glob("*.json"))
    assert "Geheim" not in texts and "4711" not in texts
    assert {str(one.PatientName) for one in originals(tmp_path / "dicom")} == {"Geheim^Jürgen"}


def test_metadata_that_unpack_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(metadata, "MOST_BYTES", 1000)
    with pytest.raises(Stop, match="more bytes"):
        metadata.read(io.BytesIO(gzip.compress(b" " * 10_000_000)))
    with pytest.raises(Stop, match="too early"):
        metadata.read(io.BytesIO(gzip.compress(b"{}" * 10)[:-12]))


@pytest.mark.parametrize("variables, has_prefix", [({}, True), ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, True),
                                                   ({"AWS_ENDPOINT_URL_MEDICAL_IMAGING": "http://127.0.0.1:1"}, False)])
def test_amazons_host_prefix_is_left_out_only_for_an_endpoint_of_its_own(monkeypatch, variables, has_prefix):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_MEDICAL_IMAGING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_DEFAULT_REGION": "us-east-1", **variables}.items():
        monkeypatch.setenv(name, value)
    s3.client.cache_clear()
    try:
        assert s3.client("medical-imaging").meta.config.inject_host_prefix is has_prefix
    finally:
        s3.client.cache_clear()
