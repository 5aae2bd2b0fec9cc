"""raki-submit on AWS Lambda: the handler out of its .zip, in a Python that sees nothing else of ours, before moto."""

import json
import os
import subprocess
import sys
import zipfile

import pytest
from fault_proxy import Fault
from submitting import SUBMIT, Cloud, s3_message, units_text

CALL = """
import json, sys
from raki_submit.aws_lambda import handler
import raki_submit
assert ".zip" in raki_submit.__file__, raki_submit.__file__
event, left = json.load(sys.stdin)
class Context:
    def get_remaining_time_in_millis(self):
        return left.pop(0)
print(json.dumps(handler(event, Context())), file=sys.stderr)
"""


def write_zip(path, **variables):
    subprocess.run([sys.executable, SUBMIT, "--write-lambda-zip", path], check=True, env={**os.environ, **variables})
    return path.read_bytes()


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    path = tmp_path_factory.mktemp("lambda") / "submit.zip"
    write_zip(path)
    return path


@pytest.fixture
def cloud(moto):
    return Cloud(moto)


def call(cloud, code, bodies, left=(60_000,) * 10, url=None, **variables):
    """The messages that are to come again, and the log."""
    records = [{"messageId": str(number), "receiptHandle": "r", "body": body, "attributes": {"ApproximateReceiveCount": "2"}, "eventSource": "aws:sqs"}
               for number, body in enumerate(bodies)]
    done = subprocess.run([sys.executable, "-c", CALL], input=json.dumps([{"Records": records}, list(left)]), capture_output=True, text=True,
                          cwd=code.parent, env={**cloud.variables(url, **variables), "PYTHONPATH": str(code)})
    assert done.returncode == 0, done.stderr
    failures = json.loads(done.stderr.splitlines()[-1])["batchItemFailures"]
    return [int(one["itemIdentifier"]) for one in failures], list(map(json.loads, done.stdout.splitlines()))


def test_only_messages_that_failed_come_again(cloud, code):
    good, poison, broken = (s3_message(cloud.bucket, key, cloud.put(key, text)) for key, text in
                            [("a.manifest.json", units_text(3)), ("b.manifest.json", "{"), ("c.manifest.json", units_text(2))])
    with cloud.proxy(Fault("GET", "c.manifest.json", "500", 99)) as proxy:
        failed, lines = call(cloud, code, [good, broken, poison, good, '{"Event": "s3:TestEvent"}'], url=proxy.url)
    assert failed == [1]
    assert [line["event"] for line in lines] == ["submitted", "later", "poison", "duplicate", "ignored"]
    assert all(line["attempt"] == 2 for line in lines) and lines[0]["array_size"] == 3
    cloud.assert_one_job_each("a.manifest.json")
    assert [text for _, text in cloud.dead_letters()] == [poison]
    assert call(cloud, code, [broken])[0] == []
    cloud.assert_one_job_each("a.manifest.json", "c.manifest.json")


def test_what_there_is_no_time_for_comes_again_but_one_is_always_tried(cloud, code):
    messages = [s3_message(cloud.bucket, f"{number}.manifest.json", cloud.put(f"{number}.manifest.json", units_text(1))) for number in range(3)]
    failed, lines = call(cloud, code, messages, left=[25_000, 15_000])
    assert failed == [2] and len(lines) == 2
    assert call(cloud, code, messages[2:], left=[])[0] == []
    cloud.assert_one_job_each(*(f"{number}.manifest.json" for number in range(3)))


def test_wrong_settings_fail_the_whole_call(cloud, code):
    with pytest.raises(AssertionError, match="RAKI_JOB_DEFINITION"):
        call(cloud, code, ["{}"], RAKI_JOB_DEFINITION="")


def test_the_same_code_is_the_same_bytes(code, tmp_path):
    """Whatever the time, the order of modules and the time zone."""
    assert write_zip(tmp_path / "again.zip", PYTHONHASHSEED="1", TZ="Asia/Tokyo") == code.read_bytes()
    with zipfile.ZipFile(code) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)} and archive.namelist() == sorted(archive.namelist())
        for entry in archive.infolist():
            source = SUBMIT.parent / entry.filename
            assert archive.read(entry) == source.read_bytes() and entry.external_attr >> 16 == 0o100644
        assert not {"raki_submit/daemon.py", "raki_submit/program.py", "raki_submit/bundle.py", "raki_cloud/index.py"} & set(archive.namelist())


def test_a_zip_that_cannot_be_written(tmp_path):
    done = subprocess.run([sys.executable, SUBMIT, "--write-lambda-zip", tmp_path / "no" / "a.zip"], capture_output=True, text=True)
    assert done.returncode == 73 and done.stderr.startswith("raki-submit: Cannot write")
