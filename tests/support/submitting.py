"""What tests of raki-submit share: queues, a bucket and AWS Batch in moto, the daemon behind a proxy, and messages as AWS writes them."""

import contextlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import boto3
import pytest
from fault_proxy import proxying
from job_runs import environment, manifest_text
from moto.s3.responses import S3Response

SUBMIT = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud" / "raki-submit"
slow = pytest.mark.skipif(os.environ.get("RAKI_SLOW") != "1", reason="RAKI_SLOW=1")
LOG_KEYS = set("ts level event job array_size attempt ms exit error messages".split())
FAKE = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-central-1"}
_numbers = itertools.count(1)
_putting = threading.Lock()
_moto_put = S3Response.put_object


def _put_at_once(self):
    """moto looks at If-None-Match and writes in two steps, between which another thread may write; S3 does it in one."""
    with _putting:
        return _moto_put(self)


S3Response.put_object = _put_at_once


def s3_message(bucket, key, etag, name="ObjectCreated:Put"):
    entry = {"key": urllib.parse.quote_plus(key), "size": 1, "eTag": etag, "sequencer": "0A"}
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": bucket}, "object": entry}}
    return json.dumps({"Records": [record]})


def event_bridge_message(bucket, key, etag, kind="Object Created"):
    detail = {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 1, "etag": etag, "sequencer": "0A"}, "reason": "PutObject"}
    return json.dumps({"version": "0", "id": "1", "detail-type": kind, "source": "aws.s3", "account": "1", "region": "eu-central-1", "detail": detail})


def units_text(count, **more):
    return manifest_text([(f"u{number}", f"{number}.h5") for number in range(count)], **more)


class Cloud:
    """Queues, a bucket and Batch, new for each test."""

    def __init__(self, moto):
        self.moto, self.url = moto, f"http://{moto[0]}:{moto[1]}"
        self.s3, self.sqs, self.batch, self.events, self.iam = (
            boto3.client(name, endpoint_url=self.url, **FAKE) for name in ("s3", "sqs", "batch", "events", "iam"))
        self.name = f"submit-{next(_numbers)}"
        self.bucket = self.name
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.queue, self.dead = (self.sqs.create_queue(QueueName=f"{self.name}-{end}")["QueueUrl"] for end in ("events", "dead"))
        self._make_batch()

    def _make_batch(self):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/config", b'{"batch": {"use_docker": false}}',
                                                      {"Content-Type": "application/json"})).close()
        role = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        place = self.batch.create_compute_environment(computeEnvironmentName=self.name, type="UNMANAGED", state="ENABLED", serviceRole=role)
        order = [{"order": 1, "computeEnvironment": place["computeEnvironmentArn"]}]
        self.batch.create_job_queue(jobQueueName=self.name, state="ENABLED", priority=1, computeEnvironmentOrder=order)
        container = {"image": "raki", "vcpus": 1, "memory": 128, "command": ["run", "Ref::manifest"]}
        self.batch.register_job_definition(jobDefinitionName=self.name, type="container", containerProperties=container)

    def put(self, key, text):
        """Its ETag."""
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=text)["ETag"].strip('"')

    def send(self, text):
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)

    def put_and_send(self, key, text, times=1):
        message = s3_message(self.bucket, key, self.put(key, text))
        for _ in range(times):
            self.send(message)
        return message

    def arn(self, queue):
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def jobs(self):
        """Every parent, with its parameters."""
        found = self.batch.list_jobs(jobQueue=self.name, filters=[{"name": "JOB_NAME", "values": ["raki*"]}])["jobSummaryList"]
        names = [job["jobId"] for job in found if ":" not in job["jobId"]]
        return self.batch.describe_jobs(jobs=names)["jobs"] if names else []

    def marks(self):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="results/submitted/").get("Contents", [])
        return [json.loads(self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()) for one in found]

    def left(self):
        """Messages that are still in the queue, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"].values()))

    def dead_letters(self):
        """(reason, text) of each."""
        answer = self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return [(one["MessageAttributes"]["reason"]["StringValue"], one["Body"]) for one in answer.get("Messages", [])]

    def assert_one_job_each(self, *keys):
        """Each manifest has one job, each job its mark, and nothing waits."""
        jobs = self.jobs()
        assert sorted(job["parameters"]["manifest"] for job in jobs) == sorted(f"s3://{self.bucket}/{key}" for key in keys)
        assert {(mark["name"], mark["job"]) for mark in self.marks()} == {(job["jobName"], job["jobId"]) for job in jobs}
        assert self.left() == 0

    @contextlib.contextmanager
    def proxy(self, *faults):
        with proxying(self.moto, *faults) as proxy:
            yield proxy

    def variables(self, url=None, **more):
        return environment(**{"AWS_ENDPOINT_URL": url or self.url, "RAKI_S3_TIMEOUT": 3, "RAKI_QUEUE": self.queue.replace(self.url, url or self.url),
                              "RAKI_JOB_QUEUE": self.name, "RAKI_JOB_DEFINITION": self.name, "RAKI_RESULTS": f"s3://{self.bucket}/results/",
                              "RAKI_DEAD_LETTERS": self.dead.replace(self.url, url or self.url), **more})

    def start(self, *arguments, url=None, **more):
        return subprocess.Popen([sys.executable, SUBMIT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.variables(url, **more))

    def drain(self, *arguments, url=None, code=0, **more):
        """Lines of a daemon that runs until the queue is empty."""
        return ended(self.start("--until-empty", "--wait", 0, *arguments, url=url, **more), code)

    def drain_all(self, seconds=120, **more):
        """Daemons until nothing is left in the queue, as a supervisor starts them."""
        lines, end = [], time.monotonic() + seconds
        while self.left():
            assert time.monotonic() < end, "messages are left"
            lines += self.drain(**more)
        return lines


def ended(process, code=0):
    """The log of a daemon that ends by itself or was asked to."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, f"raki-submit ended with {process.returncode}, not {code}:\n{out}\n{err}"
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(set(line) <= LOG_KEYS for line in lines)
    return lines


def events(lines):
    return [line["event"] for line in lines if line["event"] not in ("started", "summary")]


def killing(proxy, process, number, action):
    """The process of `process()` dies by SIGKILL at request `number` (from 0), before ("drop") or after ("lost") the server did it."""
    usual, count = proxy.note, itertools.count()

    def note(method, path):
        if next(count) == number:
            os.kill(process().pid, signal.SIGKILL)
            return action
        return usual(method, path)

    proxy.note = note
