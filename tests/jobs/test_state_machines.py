"""The import workflow of terraform/healthimaging, run over results in an S3 of the tests' own by an interpreter of JSONata."""

import json

import pytest
import state_machine
import terraform_runs as runs

pytestmark = pytest.mark.skipif(bool(runs.what_is_missing()), reason=str(runs.what_is_missing()))
IMAGES = ["recon.json", "images.png", "series001/image0001.dcm", "series001/image0002.dcm", "series011/image0001.dcm"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = runs.initialised(runs.copied(tmp_path_factory.mktemp("terraform")) / "healthimaging")
    return next(json.loads(resource["values"]["definition"]) for _, resource in runs.mocked(folder).resources()
                if resource["address"] == "aws_sfn_state_machine.import")


def as_json(answer):
    return {name: answer[name] for name in ("CommonPrefixes", "IsTruncated", "KeyCount") if name in answer}


def imported(machine, bucket, files, **list_more):
    """The places whose import a published result starts."""
    result = "out/a unit/0123/"
    for name in [*files, "_SUCCESS.json"]:
        bucket.put(result + name, b"x")
    started = []
    tasks = {"listObjectsV2": lambda Bucket, **more: as_json(bucket.client.list_objects_v2(**{**more, **list_more, "Bucket": bucket.name})),
             "startDICOMImportJob": lambda **job: started.append(job) or {"JobStatus": "SUBMITTED"}}
    state_machine.execute(machine, {"detail": {"object": {"key": result + "_SUCCESS.json"}}}, tasks)
    assert len({job["ClientToken"] for job in started}) == len(started) and {len(job["ClientToken"]) for job in started} == {64}
    again = list(started)
    state_machine.execute(machine, {"detail": {"object": {"key": result + "_SUCCESS.json"}}}, tasks)
    assert started == again * 2  # the same tokens
    return sorted(job["InputS3Uri"].removeprefix(f"s3://site-results/{result}") for job in again)


def test_each_series_of_a_result_is_imported(machine, bucket):
    assert imported(machine, bucket, IMAGES) == ["series001/", "series011/"]
    assert imported(machine, bucket, ["other/recon.json"]) == ["series001/", "series011/"]  # beside series nothing else is a scan


def test_one_series_and_one_scan(machine, bucket):
    assert imported(machine, bucket, ["knee/recon.json", "knee/series001/image0001.dcm"]) == ["knee/series001/"]


def test_units_of_several_scans_too(machine, bucket):
    files = [f"{scan}/{name}" for scan in ("brain", "a-knee-2") for name in IMAGES]
    assert imported(machine, bucket, [*files, "left/recon.json"]) == [f"{scan}/series0{n}1/" for scan in ("a-knee-2", "brain") for n in (0, 1)]


@pytest.mark.parametrize("files, error", [(["recon.json"], "NoSeries"), (["scan/recon.json"], "NoSeries"), (IMAGES, "TooMany"),
                                          ([f"scan/{name}" for name in IMAGES], "TooMany")])
def test_what_cannot_be_imported_fails_aloud(machine, bucket, files, error):
    with pytest.raises(state_machine.Failed, match=error):
        imported(machine, bucket, files, **({"MaxKeys": 2} if error == "TooMany" else {}))
