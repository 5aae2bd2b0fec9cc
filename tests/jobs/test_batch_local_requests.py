"""jobs/cloud/raki-batch-local: what AWS Batch would refuse is refused before anything runs, and what it takes is taken."""

import json

import pytest

from batch_local import CATCH_ALL, batch_local, definition, submission
from raki_batch_local.retry import HOST_LOST, End, is_retried, matches

RETRY_75 = {"onExitCode": "75", "action": "RETRY"}


def entries(*conditions):
    return {"attempts": 3, "evaluateOnExit": [{"action": "EXIT", **one} for one in conditions]}


def with_resources(*resources):
    return definition("touch ran", properties={"resourceRequirements": [{"type": kind, "value": value} for kind, value in resources]})


def without(request, key):
    return {name: value for name, value in request.items() if name != key}


def refused(folder, request, *arguments, submissions=()):
    """The message; nothing may have run."""
    run = batch_local(folder, request, *arguments, submissions=submissions, code=78)
    assert run.lines == [] and not (folder / "ran").exists()
    return run.stderr


@pytest.mark.parametrize("request_, word", [
    (without(definition("touch ran"), "type"), 'Missing required parameter in input: "type"'),
    (definition("touch ran", retrystrategy={}), 'Unknown parameter in input: "retrystrategy"'),
    (definition("touch ran", retryStrategy={"attempts": "3"}), "Invalid type for parameter retryStrategy.attempts"),
    (definition("touch ran", properties={"envrionment": []}), 'Unknown parameter in containerProperties: "envrionment"'),
    ({**definition("touch ran"), "type": "Container"}, "found 'Container', expected container or multinode"),
    ({**definition("touch ran"), "type": "multinode"}, "Several nodes, EKS and ecsProperties are not run here"),
    (without(definition("touch ran"), "containerProperties") | {"ecsProperties": {"taskProperties": []}}, "are not run here"),
    (definition("touch ran", name="a job"), "1 to 128 letters"), (definition("touch ran", name="x" * 129), "1 to 128 letters"),
    (definition("touch ran", properties={"image": ""}), "found no image"),
    (definition("touch ran", properties={"environment": [{"name": "AWS_BATCH_JOB_ID", "value": "1"}]}), "no name that begins with AWS_BATCH"),
    (definition("touch ran", properties={"environment": [{"name": "A", "value": "x" * 24_576}]}), "at most 24576 for RegisterJobDefinition"),
    (with_resources(("VCPU", "1")), "no MEMORY"), (with_resources(("MEMORY", "64")), "no VCPU"), (with_resources(), "no VCPU and no MEMORY"),
    (with_resources(("VCPU", "1"), ("MEMORY", "3")), "from 4 on"), (with_resources(("VCPU", "1"), ("MEMORY", "64"), ("GPU", "half")), "found 'half'"),
    (with_resources(("VCPU", "1"), ("MEMORY", "64"), ("TPU", "1")), "GPU or VCPU or MEMORY"),
    (definition("touch ran", retryStrategy={"attempts": 0}), "1 to 10"), (definition("touch ran", retryStrategy={"attempts": 11}), "1 to 10"),
    (definition("touch ran", retryStrategy=without(entries(CATCH_ALL), "attempts")), "evaluateOnExit without attempts"),
    (definition("touch ran", retryStrategy=entries(*[CATCH_ALL] * 6)), "found 6 entries, expected at most 5"),
    (definition("touch ran", retryStrategy=entries({})), "an entry without a condition"),
    (definition("touch ran", retryStrategy=entries({"onReason": "*", "action": "AGAIN"})), "found 'AGAIN', expected RETRY or EXIT"),
    (definition("touch ran", retryStrategy=entries({"onExitCode": "7?"})), "expected digits"),
    (definition("touch ran", retryStrategy=entries({"onExitCode": "*5"})), "asterisk at the end"),
    (definition("touch ran", retryStrategy=entries({"onReason": "Cannot*Error"})), "asterisk at the end"),
    (definition("touch ran", retryStrategy=entries({"onStatusReason": "Host EC2 (instance*"})), "letters, digits"),
    (definition("touch ran", retryStrategy=entries({"onReason": "x" * 513})), "at most 512"),
    (definition("touch ran", retryStrategy=entries({"onReason": ""})), "letters, digits"),
    (definition("touch ran", timeout={"attemptDurationSeconds": 59}), "found 59 s, expected at least 60"),
    (definition(["touch", "Ref::file"]), "Ref::file without a value"), (definition("touch Ref::file"), "an argument of its own")])
def test_a_definition_that_the_service_would_refuse(tmp_path, request_, word):
    assert word in refused(tmp_path, request_)


@pytest.mark.parametrize("request_, word", [
    (without(submission("job"), "jobQueue"), 'Missing required parameter in input: "jobQueue"'),
    (submission("job", colour="red"), 'Unknown parameter in input: "colour"'), (submission("a job"), "1 to 128 letters"),
    (submission("job", size=1), "found 1, expected 2 to 10000"), (submission("job", size=10_001), "found 10001, expected 2 to 10000"),
    (submission("job", "other"), "found jobDefinition other, expected one of job"), (submission("job", nodeOverrides={}), "are not run here"),
    (submission("job", parameters={"list": "x" * 30_720}), "at most 30720 for SubmitJob"),
    (submission("job", dependsOn=[{"jobId": f"job{n}"} for n in range(21)]), "found 21, expected at most 20"),
    (submission("job", dependsOn=[{"jobId": "job"}]), "found jobId job, expected the jobName of a job submitted before (there is none)"),
    (submission("job", dependsOn=[{"jobId": "other", "type": "sequential"}]), "found 'sequential', expected N_TO_N or SEQUENTIAL"),
    (submission("job", dependsOn=[{"type": "SEQUENTIAL"}]), "an array and no jobId"),
    (submission("job", size=2, dependsOn=[{"type": "SEQUENTIAL", "jobId": "job"}]), "an array and no jobId"),
    (submission("job", dependsOn=[{}]), "found jobId None"),
    (submission("job", timeout={"attemptDurationSeconds": 1}), "at least 60"), (submission("job", retryStrategy={"attempts": 11}), "1 to 10"),
    (submission("job", containerOverrides={"environment": [{"name": "AWS_BATCH_X", "value": ""}]}), "no name that begins with AWS_BATCH"),
    (submission("job", containerOverrides={"resourceRequirements": [{"type": "GPU", "value": "0"}]}), "from 1 on")])
def test_a_submission_that_the_service_would_refuse(tmp_path, request_, word):
    assert word in refused(tmp_path, definition("touch ran"), submissions=[request_])


@pytest.mark.parametrize("size", [None, 3])
def test_n_to_n_needs_arrays_of_one_size(tmp_path, size):
    second = submission("second", size=size, dependsOn=[{"jobId": "first", "type": "N_TO_N"}])
    assert "two arrays of one size" in refused(tmp_path, definition("touch ran"), submissions=[submission("first", size=2), second])


def test_two_jobs_of_one_name(tmp_path):
    assert "job twice" in refused(tmp_path, definition("touch ran"), submissions=[submission("job")] * 2)


def test_the_limits_themselves_are_taken(tmp_path):
    conditions = [{"onExitCode": "7*"}, {"onReason": "Docker Timeout: a.b 1*"}, {"onStatusReason": "Host EC2*"}, {"onReason": "x" * 512}, {"onReason": "*"}]
    body = definition("exit 0", name="x" * 128, retryStrategy={**entries(*conditions), "attempts": 10}, timeout={"attemptDurationSeconds": 60})
    dependencies = [{"jobId": f"job{n}"} for n in range(20)]
    last = submission("last", f"arn:aws:batch:eu-central-1:123456789012:job-definition/{'x' * 128}:7", size=2, dependsOn=dependencies)
    run = batch_local(tmp_path, body, submissions=[submission(f"job{n}", "x" * 128 + ":3") for n in range(20)] + [last])
    assert len(run.attempts) == 22
    big = definition("touch ran", properties={"environment": [{"name": "A", "value": ""}]})
    big["containerProperties"]["environment"][0]["value"] = "x" * (24 * 1024 - len(json.dumps(big)))
    batch_local(tmp_path, big)  # as long as allowed
    big["containerProperties"]["environment"][0]["value"] += "xxx"
    (tmp_path / "ran").unlink()
    assert "24579 bytes" in refused(tmp_path, big)


def test_old_members_for_processors_and_memory_are_enough(tmp_path):
    batch_local(tmp_path, definition("true", properties={"resourceRequirements": [], "vcpus": 1, "memory": 64}))


@pytest.mark.parametrize("text, code", [(None, 66), ("{", 78), ("[]", 78), ("\0", 78)], ids=["absent", "cut", "a list", "no text"])
def test_a_file_that_is_no_request(tmp_path, text, code):
    path = tmp_path / "definition.json"
    if text is not None:
        path.write_text(text)
    run = batch_local(tmp_path, [], "--definition", path, code=code)
    assert str(path) in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("arguments", [["--grace", "0"], ["--timeout", "inf"], ["--parallel", "0"], ["--parameter", "x"], ["--colour"], ["--parameter", "=x"], ["--submit", "x", "--array-size", "2"]])
def test_wrong_usage(tmp_path, arguments):
    assert "Wrong usage" in batch_local(tmp_path, definition("true"), *arguments, code=64).stderr


def test_a_run_of_nothing_is_wrong_usage(tmp_path):
    assert "no --definition" in batch_local(tmp_path, [], code=64).stderr


# Terraform

def planned(resource_values, key="planned_values"):
    """What `terraform show -json` prints of a job definition in a module (Terraform 1.11, provider 5.100: actions in lower case, nulls kept)."""
    resource = {"address": "module.compute.aws_batch_job_definition.recon", "mode": "managed", "type": "aws_batch_job_definition", "values": resource_values}
    other = {"address": "aws_sqs_queue.raw", "type": "aws_sqs_queue", "values": {"name": "raw"}}
    return {"format_version": "1.2", "terraform_version": "1.11.4",
            key: {"root_module": {"resources": [other], "child_modules": [{"address": "module.compute", "resources": [resource]}]}}}


def rendered(script):
    strategy = [{"attempts": 3, "evaluate_on_exit": [{"action": "retry", "on_exit_code": "75", "on_reason": "", "on_status_reason": None},
                                                     {"action": "exit", "on_exit_code": "", "on_reason": "*", "on_status_reason": ""}]}]
    return {"name": "recon", "type": "container", "parameters": {"n": "75"}, "platform_capabilities": ["EC2"], "propagate_tags": False, "tags": None,
            "retry_strategy": strategy, "timeout": [{"attempt_duration_seconds": 3600}], "node_properties": None, "scheduling_priority": None,
            "container_properties": json.dumps({**definition(script)["containerProperties"], "user": None, "linuxParameters": {"devices": None}})}


@pytest.mark.parametrize("key", ["planned_values", "values"], ids=["plan", "state"])
def test_the_definition_of_terraform_is_taken(tmp_path, key):
    run = batch_local(tmp_path, planned(rendered(["bash", "-c", "exit $0", "Ref::n"]), key), code=1)
    assert [(line["exit_code"], line["retried"]) for line in run.of("recon")] == [(75, True), (75, True), (75, False)]
    again = batch_local(tmp_path, planned(rendered("exit 65"), key), code=1)
    assert [(line["exit_code"], line["retried"]) for line in again.of("recon")] == [(65, False)]


def test_a_plan_that_does_not_know_the_definition_yet_says_so(tmp_path):
    assert "give the state after apply" in refused(tmp_path, planned(without(rendered("touch ran"), "container_properties")))
    assert "found no resource aws_batch_job_definition" in refused(tmp_path, {**planned({}), "planned_values": {"root_module": {}}})


# The rules themselves

@pytest.mark.parametrize("pattern, text, matched", [
    ("*", "", True), ("*", "x", True), ("75", "75", True), ("75", "175", False), ("75", "750", False), ("7*", "7", True), ("7*", "75", True),
    ("7*", "17", False), ("Host EC2*", HOST_LOST, True), ("host ec2*", HOST_LOST, False), ("Host EC2", HOST_LOST, False), ("a.b", "axb", False)])
def test_patterns(pattern, text, matched):
    assert matches(pattern, text) is matched


def test_what_the_service_ended_is_never_retried():
    always = {"attempts": 10, "evaluateOnExit": [{"onReason": "*", "action": "RETRY"}]}
    ends = [End(75), End(None, HOST_LOST), End(75, "Job attempt duration exceeded timeout"), End(75, "Terminated by user"), End(0)]
    assert [is_retried(end, 1, always) for end in ends] == [True, True, False, False, False]
    assert [is_retried(End(75), attempt, {"attempts": 3, "evaluateOnExit": [RETRY_75]}) for attempt in (1, 2, 3)] == [True, True, False]
