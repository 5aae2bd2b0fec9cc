"""raki-submit as a daemon before moto's S3, SQS, EventBridge and Batch: every manifest one job, whatever fails on the way."""

import json
import re
import signal
import threading
import time

import pytest
from fault_proxy import Fault
from submitting import Cloud, ended, event_bridge_message, events, killing, s3_message, slow, units_text

KEY = "mo 1/Müller+Anna.manifest.json"
SUBMIT, LIST, MARK = r"/v1/submitjob", r"/v1/listjobs", r"/results/submitted/"
QUICK_LEASE = {"RAKI_LEASE": 1, "RAKI_VISIBILITY": 1}


@pytest.fixture
def cloud(moto):
    return Cloud(moto)


def test_a_manifest_that_arrives_becomes_one_array(cloud):
    message = cloud.put_and_send(KEY, units_text(5))
    lines = cloud.drain()
    [job] = cloud.jobs()
    assert job["arrayProperties"]["size"] == 5 and job["parameters"] == {"manifest": f"s3://{cloud.bucket}/{KEY}"}
    assert job["jobDefinition"].endswith(f"{cloud.name}:1")
    cloud.assert_one_job_each(KEY)
    [line] = [line for line in lines if line["event"] == "submitted"]
    assert (line["job"], line["array_size"], line["attempt"], line["exit"]) == (job["jobName"], 5, 1, 0)
    told = json.dumps(lines)
    assert not [word for word in ("Anna", "mo 1", cloud.bucket, "SecretOfNobody", "AKIDFAKE") if word in told] and message


def test_from_a_bucket_through_eventbridge_and_a_queue_to_jobs(cloud):
    """moto sends an event of tags with every PUT and gives all events one sequencer, as AWS does not; neither may matter."""
    rule = f"{cloud.name}-rule"
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [cloud.bucket]}, "object": {"key": [{"suffix": ".manifest.json"}]}}}
    cloud.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    cloud.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": cloud.arn(cloud.queue)}])
    cloud.s3.put_bucket_notification_configuration(Bucket=cloud.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    cloud.put("raw/a.h5", b"data")
    cloud.put("raw/one.manifest.json", units_text(1))
    cloud.put(KEY, units_text(3))
    lines = cloud.drain()
    assert sorted(events(lines)) == ["ignored"] * 2 + ["submitted"] * 2
    assert {job.get("arrayProperties", {}).get("size") for job in cloud.jobs()} == {None, 3}
    cloud.assert_one_job_each(KEY, "raw/one.manifest.json")


def test_from_a_bucket_straight_to_the_queue(cloud):
    configuration = {"QueueConfigurations": [{"QueueArn": cloud.arn(cloud.queue), "Events": ["s3:ObjectCreated:*"]}]}
    cloud.s3.put_bucket_notification_configuration(Bucket=cloud.bucket, NotificationConfiguration=configuration)
    cloud.put("raw/a.h5", b"data")
    cloud.put(KEY, units_text(3))
    lines = cloud.drain()
    assert [line["error"] for line in lines if line["event"] == "ignored"] == ["S3's test of the queue"] + 3 * ["a key that is no manifest's"]
    assert events(lines).count("submitted") == 1  # the marks lie in this bucket too
    cloud.assert_one_job_each(KEY)


def test_duplicates_submit_once_and_another_version_again(cloud):
    first = cloud.put_and_send(KEY, units_text(2), times=3)
    cloud.send(event_bridge_message(cloud.bucket, KEY, "an older one"))
    assert sorted(events(cloud.drain())) == ["duplicate"] * 3 + ["submitted"]
    cloud.assert_one_job_each(KEY)
    cloud.put_and_send(KEY, units_text(4))
    cloud.send(first)
    assert sorted(events(cloud.drain())) == ["duplicate", "submitted"]
    assert sorted(job["arrayProperties"]["size"] for job in cloud.jobs()) == [2, 4]


@pytest.mark.parametrize("content, reason", [("{", "no JSON"), (units_text(10_001), "10001 indices")], ids=["broken", "too many"])
def test_poison_goes_to_the_dead_letters_with_its_reason_and_keeps_nobody_waiting(cloud, content, reason):
    poison = cloud.put_and_send("Anna.manifest.json", content)
    cloud.send("no message")
    cloud.put_and_send(KEY, units_text(1))
    assert sorted(events(cloud.drain())) == ["poison", "poison", "submitted"]
    cloud.assert_one_job_each(KEY)
    letters = {text: why for why, text in cloud.dead_letters()}
    assert letters.keys() == {poison, "no message"} and reason in letters[poison] and "Anna" not in letters[poison]
    cloud.put("Anna.manifest.json", units_text(2))
    cloud.send(poison)  # as somebody does who has mended it
    assert events(cloud.drain()) == ["submitted"]


@pytest.mark.parametrize("action, listed", [("429", 2), ("lost", 1), *(pytest.param(action, 2, marks=slow) for action in ("500", "503", "drop"))])
def test_trouble_with_batch_never_submits_twice(cloud, action, listed):
    """A lost answer is the trap: the job is there, and botocore's own repeat would make a second."""
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy(Fault("POST", SUBMIT, action, 2)) as proxy:
        assert events(cloud.drain(url=proxy.url)) == ["submitted"]
    assert proxy.count("POST", LIST) == listed and proxy.count("POST", SUBMIT) == (2 if action == "lost" else 3) - (action == "lost")
    cloud.assert_one_job_each(KEY)


@pytest.mark.parametrize("method, path, action, times", [
    ("PUT", MARK, "lost", 1), ("POST", "^/$", "lost", 1), pytest.param("PUT", MARK, "500", 2, marks=slow),
    pytest.param("PUT", MARK, "drop", 1, marks=slow), pytest.param("GET", "manifest", "503", 2, marks=slow), pytest.param("POST", "^/$", "500", 3, marks=slow)])
def test_trouble_with_s3_and_sqs_passes(cloud, method, path, action, times):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy(Fault(method, path, action, times)) as proxy:
        lines = cloud.drain_all(url=proxy.url, RAKI_VISIBILITY=2)
    assert events(lines).count("submitted") == 1 and "poison" not in events(lines)
    assert proxy.faults[0].times == 0
    cloud.assert_one_job_each(KEY)


def test_a_manifest_whose_download_was_cut_is_not_poison(cloud):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy(Fault("GET", "manifest", "cut", 1)) as proxy:
        assert events(cloud.drain(url=proxy.url)) == ["later"]
    assert cloud.left() == 1 and cloud.dead_letters() == []


def test_a_message_costs_five_requests(cloud):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy() as proxy:
        cloud.drain(url=proxy.url)
    assert [method for method, *_ in proxy.requests] == ["POST", "GET", "PUT", "POST", "PUT", "POST", "POST"]  # the first and the last are polls


def test_a_note_whose_answer_was_lost_is_no_second_submitter(cloud):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy() as proxy:
        usual, puts = proxy.note, []

        def note(method, path):
            puts.extend([path] if method == "PUT" else [])
            return "lost" if method == "PUT" and len(puts) == 2 else usual(method, path)

        proxy.note = note
        [line] = [line for line in cloud.drain(url=proxy.url) if line["event"] == "submitted"]
    assert len(puts) == 3 and "error" not in line
    cloud.assert_one_job_each(KEY)


def test_a_lasting_outage_leaves_the_message_in_the_queue(cloud):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy(Fault("GET", "manifest", "503", 99)) as proxy:
        process = cloud.start("--wait", 1, url=proxy.url)
        line = _line(process, "later")
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert line["exit"] == 74 and "503" in line["error"] and line["level"] == "warning"
    assert cloud.left() == 1 and cloud.jobs() == [] and cloud.dead_letters() == []


def test_what_batch_refuses_is_told_and_stays(cloud):
    cloud.put_and_send(KEY, units_text(2))
    process = cloud.start("--wait", 1, "--job-definition", "another")
    line = _line(process, "later")
    process.send_signal(signal.SIGTERM)
    ended(process)
    assert line["exit"] == 78 and "ClientException" in line["error"] and cloud.left() == 1


def _line(process, event):
    """Its next line of that kind; a daemon that writes none within 40 s is killed."""
    watchdog = threading.Timer(40, process.kill)
    watchdog.start()
    try:
        return next((line for line in map(json.loads, process.stdout) if line["event"] == event), None)
    finally:
        watchdog.cancel()


REQUESTS = ["receive", "read the manifest", "claim", "submit", "note", "delete"]


@pytest.mark.parametrize("action", ["drop", "lost"], ids=["before", "behind"])
@pytest.mark.parametrize("number", [pytest.param(number, marks=() if name == "submit" else slow, id=name) for number, name in enumerate(REQUESTS)])
def test_a_submitter_that_is_killed_at_any_request_loses_and_doubles_nothing(cloud, number, action):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy() as proxy:
        killing(proxy, lambda: process, number, action)
        process = cloud.start("--wait", 1, url=proxy.url, **{**QUICK_LEASE, "RAKI_VISIBILITY": 2})
        assert process.wait(30) == -signal.SIGKILL
    assert len(cloud.jobs()) == (number > 3 or (number == 3 and action == "lost"))
    lines = cloud.drain_all(**QUICK_LEASE)
    assert set(events(lines)) <= {"later", "submitted", "duplicate"}
    cloud.assert_one_job_each(KEY)


def test_a_submitter_that_stood_still_does_not_submit_after_its_time(cloud):
    """Its claim takes longer than half the lease: another may have it by the time it goes on."""
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy() as proxy:
        usual = proxy.note
        proxy.note = lambda method, path: (time.sleep(1.2 if method == "PUT" else 0), usual(method, path))[1]
        process = cloud.start("--wait", 1, url=proxy.url, RAKI_LEASE=2)
        line = _line(process, "later")
        process.kill()
        process.wait()
        assert proxy.count("POST", SUBMIT) == 0 and "time of the claim" in line["error"]
    cloud.sqs.purge_queue(QueueUrl=cloud.queue)
    cloud.send(s3_message(cloud.bucket, KEY, "another"))
    cloud.drain_all(**QUICK_LEASE)
    cloud.assert_one_job_each(KEY)


def test_who_finds_a_claim_leaves_the_message_alone(cloud):
    """The first is held at SubmitJob until the second has met its claim."""
    cloud.put_and_send(KEY, units_text(2), times=2)
    seen = threading.Event()
    with cloud.proxy() as proxy:
        usual = proxy.note
        proxy.note = lambda method, path: (path == SUBMIT and seen.wait(30), usual(method, path))[1]
        first = cloud.start("--until-empty", "--wait", 0, url=proxy.url)
        while not proxy.count("PUT", MARK):
            time.sleep(0.05)
        cloud.put_and_send(KEY, units_text(2))  # the first one has both others in hand
        second = cloud.start("--wait", 1)
        line = _line(second, "later")
        seen.set()
        second.send_signal(signal.SIGTERM)
        ended(second)
        assert sorted(events(ended(first))) == ["duplicate", "submitted"]
    assert (line["error"], line["exit"]) == ("another submitter has it", 75) and len(cloud.jobs()) == 1 and cloud.left() == 1


def test_two_daemons_at_once(cloud):
    """Every message twice, so that both work on the same manifests in the same order; answers are slow, so that they meet."""
    keys = [f"{number}.manifest.json" for number in range(8)]
    messages = [cloud.put_and_send(key, units_text(2)) for key in keys]
    for message in messages:
        cloud.send(message)
    with cloud.proxy() as proxy:
        usual = proxy.note
        proxy.note = lambda method, path: (time.sleep(0.1 if re.search(f"{SUBMIT}|{MARK}", path) else 0), usual(method, path))[1]
        processes = [cloud.start("--until-empty", "--wait", 1, url=proxy.url, RAKI_LEASE=2) for _ in range(2)]
        lines = [line for process in processes for line in ended(process)]
    lines += cloud.drain_all(**QUICK_LEASE)
    assert events(lines).count("submitted") == len(keys)
    cloud.assert_one_job_each(*keys)


def test_sigterm_ends_a_waiting_daemon_at_once(cloud):
    process = cloud.start()
    _line(process, "started")
    time.sleep(1)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert ended(process)[-1]["event"] == "summary"
    assert time.monotonic() - began < 2


def test_sigterm_lets_the_message_in_hand_end_and_gives_the_others_back(cloud):
    for number in range(5):
        cloud.put_and_send(f"{number}.manifest.json", units_text(2))
    with cloud.proxy() as proxy:
        usual = proxy.note

        def note(method, path):
            if path == SUBMIT:
                process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            return usual(method, path)

        proxy.note = note
        process = cloud.start(url=proxy.url)
        lines = ended(process)
    assert events(lines) == ["submitted"] and len(cloud.jobs()) == 1
    assert len(cloud.sqs.receive_message(QueueUrl=cloud.queue, MaxNumberOfMessages=10)["Messages"]) == 4


def test_a_message_is_held_while_it_is_worked_on(cloud):
    cloud.put_and_send(KEY, units_text(2))
    with cloud.proxy() as proxy:
        usual = proxy.note
        proxy.note = lambda method, path: (time.sleep(2.5 if path == SUBMIT else 0), usual(method, path))[1]
        process = cloud.start("--wait", 1, "--until-empty", url=proxy.url, RAKI_VISIBILITY=1)
        while not proxy.count("GET", "manifest"):
            time.sleep(0.05)
        assert cloud.sqs.receive_message(QueueUrl=cloud.queue, WaitTimeSeconds=2).get("Messages", []) == []
        lines = ended(process)
    assert events(lines) == ["submitted"] and lines[1]["attempt"] == 1


@pytest.mark.parametrize("more, code", [({"RAKI_QUEUE": ""}, 64), ({"RAKI_JOB_QUEUE": ""}, 78), ({"RAKI_RESULTS": "results"}, 78),
                                        ({"RAKI_WAIT": "21"}, 78), ({"RAKI_SPLIT_DEFINITION": "split"}, 78)],
                         ids=["no queue", "no job queue", "results on disk", "wait", "split to nowhere"])
def test_wrong_settings_end_it_with_a_word(cloud, more, code):
    process = cloud.start(**more)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code and out == "" and err.startswith("raki-submit: Wrong") and err.count("\n") == 1


def test_a_queue_that_is_not_there_ends_it(cloud):
    process = cloud.start("--queue", cloud.queue + "-not")
    assert process.communicate(timeout=30)[1].startswith("raki-submit: Request failed") and process.returncode == 66
