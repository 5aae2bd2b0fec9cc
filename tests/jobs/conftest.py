"""An S3 of the tests' own: moto's server, buckets for one test, faults between it and us."""

import contextlib
import json
import logging
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "support"))
sys.path.insert(0, str(TESTS.parent / "jobs" / "cloud"))

import boto3  # noqa: E402
import fault_proxy  # noqa: E402
import job_runs  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402


@pytest.fixture(scope="session")
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield server.get_host_and_port()
    server.stop()


class Bucket:
    """A bucket of one test; `run` is raki-job with S3 behind a proxy."""

    def __init__(self, moto, name):
        self.moto, self.name = moto, name
        self.client = boto3.client("s3", endpoint_url=f"http://{moto[0]}:{moto[1]}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.client.create_bucket(Bucket=name)

    def put(self, key, data):
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return f"s3://{self.name}/{key}"

    def get(self, key, **more):
        return self.client.get_object(Bucket=self.name, Key=key, **more)["Body"].read()

    def keys(self, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def manifest(self, units, **more):
        return self.put("in/job.manifest.json", job_runs.manifest_text(units, **more))

    def note(self, unit):
        """The one _SUCCESS.json of a unit."""
        keys = [key for key in self.keys(f"in/out/{unit}/") if key.endswith("_SUCCESS.json")]
        assert len(keys) == 1, keys
        return json.loads(self.get(keys[0]))

    def seen(self, unit):
        """What the stub saw of a unit's input."""
        note = self.note(unit)
        return json.loads(self.get(f"in/out/{unit}/{note['run_id']}/recon.json"))["input"]

    @contextlib.contextmanager
    def proxy(self, *faults):
        with fault_proxy.proxying(self.moto, *faults) as proxy:
            yield proxy

    def run(self, proxy, manifest, *arguments, **more):
        return job_runs.run_job(manifest, *arguments, AWS_ENDPOINT_URL=proxy.url, **{"RAKI_S3_TIMEOUT": "2", **more})


@pytest.fixture
def bucket(moto, request):
    number = request.config.stash.setdefault(_COUNT, 0) + 1
    request.config.stash[_COUNT] = number
    return Bucket(moto, f"bucket-{number}")


_COUNT = pytest.StashKey()
