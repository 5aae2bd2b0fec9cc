"""jobs/cloud/raki-batch-local: jobs run by AWS Batch's documented rules."""

import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from batch_local import BATCH_LOCAL, CATCH_ALL, FIVE_RULES, Run, batch_local, command_of, definition, submission

HANDLER = "trap 'echo stopped; exit 75' TERM; "
FOREVER = "while true; do sleep 0.05; done"  # in bash, with a handler for the loop to find


def strategy(attempts, *entries):
    return {"attempts": attempts, **({"evaluateOnExit": list(entries)} if entries else {})}


# What a job sees

def test_children_of_an_array_see_the_service_s_variables(tmp_path):
    script = "env | grep ^AWS_BATCH | sort > $AWS_BATCH_JOB_ARRAY_INDEX.$AWS_BATCH_JOB_ATTEMPT; exit $((AWS_BATCH_JOB_ATTEMPT == 1 ? 75 : 0))"
    run = batch_local(tmp_path, definition(script, retryStrategy=strategy(2)),
                      submissions=[submission("study", size=3, jobQueue="arn:aws:batch:eu-central-1:123456789012:job-queue/gpu")])
    parent = run.summary["jobs"][0]["job_id"]
    for index, attempt in itertools.product(range(3), (1, 2)):
        assert (tmp_path / f"{index}.{attempt}").read_text().splitlines() == [
            "AWS_BATCH_CE_NAME=local", f"AWS_BATCH_JOB_ARRAY_INDEX={index}", "AWS_BATCH_JOB_ARRAY_SIZE=3", f"AWS_BATCH_JOB_ATTEMPT={attempt}",
            f"AWS_BATCH_JOB_ID={parent}:{index}", "AWS_BATCH_JQ_NAME=gpu"]
    assert run.summary["jobs"] == [{"job": "study", "job_id": parent, "status": "SUCCEEDED", "succeeded": 3, "failed": 0, "unfinished": 0, "attempts": 6}]


def test_a_job_that_is_no_array_has_no_index(tmp_path):
    ours = {"AWS_BATCH_JOB_ARRAY_INDEX": "7", "AWS_BATCH_JOB_ARRAY_SIZE": "9", "AWS_BATCH_JOB_NUM_NODES": "2"}  # as if started inside a job
    run = batch_local(tmp_path, definition("env | grep ^AWS_BATCH | sort >&2"), environment=ours)
    names = [line.split("=")[0] for line in run.stderr.splitlines()]
    assert names == ["AWS_BATCH_CE_NAME", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JOB_ID", "AWS_BATCH_JQ_NAME"]


def test_a_job_sees_its_own_environment_and_of_ours_only_what_a_container_would_have(tmp_path):
    job = definition("env", properties={"environment": [{"name": "A", "value": "definition"}, {"name": "B", "value": "definition"}]})
    override = {"environment": [{"name": "B", "value": "submission"}]}
    run = batch_local(tmp_path, job, "--pass-on", "PASSED", submissions=[submission("job", containerOverrides=override)],
                      environment={"PASSED": "1", "LEAKED": "1", "SLURM_ARRAY_TASK_ID": "3", "AWS_ENDPOINT_URL": "http://moto"})
    seen = dict(line.split("=", 1) for line in run.stderr.splitlines())
    assert (seen["A"], seen["B"], seen["PASSED"], seen["AWS_ENDPOINT_URL"]) == ("definition", "submission", "1", "http://moto")
    assert not {"LEAKED", "SLURM_ARRAY_TASK_ID"} & seen.keys() and seen["PATH"] == os.environ["PATH"]


def test_parameters_fill_placeholders_and_the_submission_wins(tmp_path):
    job = definition(["printf", "%s\n", "Ref::first", "Ref::second", "plain"], parameters={"first": "one", "second": "two"})
    assert batch_local(tmp_path, job, "--parameter", "second=a b=c").stderr == "one\na b=c\nplain\n"
    override = submission("job", parameters={"first": "*"}, containerOverrides={"command": ["printf", "%s", "Ref::first"]})
    assert batch_local(tmp_path, job, submissions=[override]).stderr == "*"


def test_an_entry_point_stands_before_the_command(tmp_path):
    job = definition(["Ref::word", "b  c"])
    run = batch_local(tmp_path, job, "--entrypoint", "printf '<%s>'", "--parameter", "word=a")
    assert run.stderr == "<a><b  c>"
    batch_local(tmp_path, job, "--entrypoint", "printf '", "--parameter", "word=a", code=64)


def test_logs_are_files_of_their_own(tmp_path):
    run = batch_local(tmp_path, definition("echo out; echo err >&2; exit $((2 - AWS_BATCH_JOB_ATTEMPT))", retryStrategy=strategy(2)), "--logs", tmp_path / "logs")
    assert run.stderr == "" and [pathlib.Path(line["log"]).read_text() for line in run.of()] == ["out\nerr\n"] * 2
    assert [line["log"] for line in run.of()] == [str(tmp_path / "logs" / "job" / f"0.{attempt}.log") for attempt in (1, 2)]


def test_a_place_for_logs_that_is_none_stops_before_anything_runs(tmp_path):
    (tmp_path / "file").touch()
    run = batch_local(tmp_path, definition("touch ran"), "--logs", tmp_path / "file" / "logs", code=73)
    assert run.lines == [] and not (tmp_path / "ran").exists() and "Give --logs another" in run.stderr


def test_a_reader_that_leaves_ends_all_jobs(tmp_path):
    job = definition("[ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] && sleep 0.5 || { trap 'touch stopped; exit 75' TERM; " + FOREVER + "; }")
    with subprocess.Popen(command_of(tmp_path, [job], "--array-size", 2, "--parallel", 2), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=tmp_path) as process:
        process.stdout.close()
        assert process.wait(20) == 74 and "All jobs were terminated" in process.stderr.read() and (tmp_path / "stopped").exists()


# Attempts

@pytest.mark.parametrize("rules, code, attempts", [
    ([], 3, 3), (FIVE_RULES, 75, 3), (FIVE_RULES, 137, 3), (FIVE_RULES, 65, 1), (FIVE_RULES, 139, 1),
    ([{"onExitCode": "65", "action": "EXIT"}], 3, 3), ([{"onExitCode": "65", "action": "EXIT"}], 65, 1),
    ([{"onExitCode": "7*", "action": "exit"}], 70, 1), ([{"onExitCode": "7", "action": "exit"}], 70, 3),
    ([{"onExitCode": "75", "onReason": "OutOf*", "action": "exit"}], 75, 3), ([{"onExitCode": "75", "onReason": "*", "action": "eXit"}], 75, 1),
    ([{"onStatusReason": "Essential*", "action": "exit"}], 1, 1), ([{"onStatusReason": "essential*", "action": "exit"}], 1, 3),
    ([{"onExitCode": "1", "action": "RETRY"}, CATCH_ALL], 1, 3), ([CATCH_ALL, {"onExitCode": "1", "action": "RETRY"}], 1, 1)],
    ids=["no rules", "75", "137", "65", "139", "none matches", "exit", "prefix", "not a prefix", "one of two conditions", "both conditions",
         "status reason", "case of patterns", "first wins", "first wins, the other way"])
def test_the_first_rule_that_matches_decides(tmp_path, rules, code, attempts):
    run = batch_local(tmp_path, definition(f"exit {code}", retryStrategy=strategy(3, *rules)), code=1)
    assert [(line["attempt"], line["exit_code"], line["retried"]) for line in run.of()] == [(n, code, n < attempts) for n in range(1, attempts + 1)]
    assert {(line["status"], line["status_reason"], line["reason"]) for line in run.of()} == {("FAILED", "Essential container in task exited", "")}


def test_without_a_strategy_there_is_one_attempt_and_the_submission_s_replaces_the_definition_s(tmp_path):
    assert len(batch_local(tmp_path, definition("exit 1"), code=1).of()) == 1
    job = definition("exit 75", retryStrategy=strategy(9))
    assert len(batch_local(tmp_path, job, code=1, submissions=[submission("job", retryStrategy=strategy(2))]).of()) == 2


def test_a_success_ends_the_attempts(tmp_path):
    run = batch_local(tmp_path, definition("exit $((AWS_BATCH_JOB_ATTEMPT < 3 ? 75 : 0))", retryStrategy=strategy(10, *FIVE_RULES)))
    assert [(line["attempt"], line["exit_code"], line["status"]) for line in run.of()] == [(1, 75, "FAILED"), (2, 75, "FAILED"), (3, 0, "SUCCEEDED")]


@pytest.mark.parametrize("number, code", [(signal.SIGKILL, 137), (signal.SIGSEGV, 139), (signal.SIGTERM, 143)])
def test_a_signal_is_told_as_docker_tells_it(tmp_path, number, code):
    assert batch_local(tmp_path, definition(f"kill -{int(number)} $$"), code=1).of()[0]["exit_code"] == code


@pytest.mark.parametrize("command", [["no-such-program"], [], ["/"]], ids=["missing", "none", "folder"])
def test_a_command_that_cannot_start_has_a_reason_and_no_exit_code(tmp_path, command):
    rules = strategy(2, {"onReason": "CannotStart*", "onStatusReason": "Task failed to start", "action": "RETRY"}, CATCH_ALL)
    run = batch_local(tmp_path, definition(command, retryStrategy=rules), code=1)
    assert [(line["exit_code"], line["status_reason"]) for line in run.of()] == [(None, "Task failed to start")] * 2


def test_a_lost_host_is_retried_without_a_word_to_the_job(tmp_path):
    script = HANDLER + "[ $AWS_BATCH_JOB_ATTEMPT = 2 ] && sleep 1 && exit 0; sleep 60 & " + FOREVER
    run = batch_local(tmp_path, definition(script, retryStrategy=strategy(3, *FIVE_RULES)), "--lose-host", 0.5)
    assert [(line["exit_code"], line["status_reason"][:8], line["retried"]) for line in run.of()] == [(None, "Host EC2", True), (0, "Essentia", False)]
    assert "stopped" not in run.stderr and nobody_of(run)


# Time-outs

def nobody_of(run):
    """Whether no process of these jobs is alive."""
    ids = {("AWS_BATCH_JOB_ID=" + line["job_id"]).encode() for line in run.attempts}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if ids & set((folder / "environ").read_bytes().split(b"\0")):
                return False
        except OSError:
            pass
    return True


def test_a_time_out_sends_term_and_is_not_retried(tmp_path):
    run = batch_local(tmp_path, definition(HANDLER + FOREVER, retryStrategy=strategy(3)), "--timeout", 1, "--grace", 30, code=1)
    only, = run.of()
    assert (only["exit_code"], only["status_reason"], only["retried"], only["term_dropped"]) == (75, "Job attempt duration exceeded timeout", False, False)
    assert "stopped" in run.stderr and 1 <= only["seconds"] < 5


def test_a_job_that_ends_well_after_term_has_failed_all_the_same(tmp_path):
    run = batch_local(tmp_path, definition("trap 'exit 0' TERM; " + FOREVER), "--timeout", 0.5, code=1)
    assert [(line["exit_code"], line["status"]) for line in run.of()] == [(0, "FAILED")]


@pytest.mark.parametrize("trap, dropped", [("trap '' TERM; ", True), ("trap 'echo heard' TERM; ", False)], ids=["ignored", "heard and not heeded"])
def test_a_job_that_does_not_stop_is_killed_after_the_grace(tmp_path, trap, dropped):
    run = batch_local(tmp_path, definition(trap + FOREVER), "--timeout", 0.5, "--grace", 1.5, code=1)
    only, = run.of()
    assert (only["exit_code"], only["term_dropped"]) == (137, dropped) and 2 <= only["seconds"] < 6
    assert ("heard" in run.stderr) is not dropped and nobody_of(run)


@pytest.mark.parametrize("init, code, dropped", [(False, 137, True), (True, 143, False)], ids=["process 1", "initProcessEnabled"])
def test_without_a_handler_term_is_lost_as_for_process_1(tmp_path, init, code, dropped):
    properties = {"linuxParameters": {"initProcessEnabled": init}}
    run = batch_local(tmp_path, definition(["sleep", "60"], properties=properties), "--timeout", 0.5, "--grace", 1.5, code=1)
    only, = run.of()
    assert (only["exit_code"], only["term_dropped"]) == (code, dropped) and (only["seconds"] >= 2) is dropped


def test_term_goes_to_the_first_process_only(tmp_path):
    script = "bash -c \"trap 'echo child' TERM; " + FOREVER + "\" & trap 'exit 75' TERM; " + FOREVER
    run = batch_local(tmp_path, definition(script), "--timeout", 1, code=1)
    assert run.of()[0]["exit_code"] == 75 and "child" not in run.stderr and nobody_of(run)


def test_each_attempt_has_the_whole_time(tmp_path):
    job = definition("sleep 0.8; exit $((3 - AWS_BATCH_JOB_ATTEMPT))", retryStrategy=strategy(3))
    assert len(batch_local(tmp_path, job, "--timeout", 2).of()) == 3


def test_what_the_first_process_leaves_behind_dies_with_it(tmp_path):
    script = "sleep 300 & setsid sleep 300 & (setsid bash -c 'sleep 300 & sleep 300' &) ; sleep 0.3; exit 0"
    run = batch_local(tmp_path, definition(script), "--array-size", 3)
    assert nobody_of(run) and [line["status"] for line in run.attempts] == ["SUCCEEDED"] * 3


def test_so_does_what_it_started_without_an_environment(tmp_path):
    batch_local(tmp_path, definition("env -i sleep 300 & echo $! > pid; sleep 0.2"))
    command = pathlib.Path("/proc", (tmp_path / "pid").read_text().strip(), "cmdline")
    assert not command.exists() or command.read_bytes() == b""  # or dead, and not yet waited for


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_runner_terminates_all_jobs_without_retries(tmp_path, number):
    job = definition(HANDLER + "touch started.$AWS_BATCH_JOB_ARRAY_INDEX; " + FOREVER, retryStrategy=strategy(5))
    words = command_of(tmp_path, [job], "--array-size", 4, "--parallel", 2)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        wait_for(lambda: (tmp_path / "started.1").exists() and (tmp_path / "started.0").exists())
        process.send_signal(number)
        run = Run(process.wait(20), *process.communicate())
    assert run.code == 75 and [(line["index"], line["exit_code"], line["status_reason"]) for line in sorted(run.attempts, key=lambda line: line["index"])] == [
        (0, 75, "Terminated by user"), (1, 75, "Terminated by user")]
    assert run.summary["jobs"][0]["unfinished"] == 2 and run.summary["exit"] == 75 and nobody_of(run)


def wait_for(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


# Places and dependencies

SPAN = 'echo "begin $AWS_BATCH_JOB_ARRAY_INDEX ${CUDA_VISIBLE_DEVICES:-none}" >> order; sleep 0.$((1 + AWS_BATCH_JOB_ARRAY_INDEX % 4)); echo "end $AWS_BATCH_JOB_ARRAY_INDEX" >> order; '


def spans(folder):
    """(most that ran at once, whether two ever shared a GPU, the GPUs of each start)."""
    running, most, shared, seen = {}, 0, False, []
    for word, index, *gpus in map(str.split, (folder / "order").read_text().splitlines()):
        if word == "begin":
            mine = set(gpus[0].split(",")) - {"none"}
            shared = shared or any(mine & others for others in running.values())
            running[index] = mine
            seen.append(sorted(mine))
        else:
            del running[index]
        most = max(most, len(running))
    return most, shared, seen


def test_no_more_run_at_once_than_there_are_places(tmp_path):
    batch_local(tmp_path, definition(SPAN), "--array-size", 8, "--parallel", 3)
    assert spans(tmp_path)[0] == 3


@pytest.mark.parametrize("each, most", [(1, 3), (2, 1), (3, 1)])
def test_every_gpu_has_one_job(tmp_path, each, most):
    batch_local(tmp_path, definition(SPAN, gpus=each), "--array-size", 6, "--parallel", 8, "--gpus", "0,1,5")
    found, shared, seen = spans(tmp_path)
    assert (found, shared) == (most, False) and len(seen) == 6 and all(len(gpus) == each and set(gpus) <= {"0", "1", "5"} for gpus in seen)


def test_a_job_that_asks_for_no_gpu_sees_none(tmp_path):
    assert batch_local(tmp_path, definition('echo "[$CUDA_VISIBLE_DEVICES]"'), "--gpus", "0,1").stderr == "[]\n"


def test_more_gpus_than_there_are_is_no_job_for_this_machine(tmp_path):
    run = batch_local(tmp_path, definition("true", gpus=2), "--gpus", "0", code=69)
    assert run.lines == [] and "found 1, expected 2" in run.stderr


def one_after_the_other(folder, *submissions, code=0, script="echo $AWS_BATCH_JOB_ID >> order; sleep 0.05"):
    run = batch_local(folder, [definition(script), definition("sleep 0.2; exit 65", name="bad")], "--parallel", 4, submissions=submissions, code=code)
    names = {job["job_id"]: job["job"] for job in run.summary["jobs"]}
    order = (folder / "order").read_text().splitlines() if (folder / "order").exists() else []
    return run, [(names[one.split(":")[0]], *map(int, one.split(":")[1:])) for one in order]


def test_a_job_waits_for_all_of_an_array(tmp_path):
    _, order = one_after_the_other(tmp_path, submission("first", size=6), submission("second", dependsOn=[{"jobId": "first"}]))
    assert order[-1] == ("second",) and sorted(order[:-1]) == [("first", index) for index in range(6)]


def test_sequential_children_run_in_their_order(tmp_path):
    script = "sleep 0.$((5 - AWS_BATCH_JOB_ARRAY_INDEX)); echo $AWS_BATCH_JOB_ID >> order"  # the later, the quicker
    _, order = one_after_the_other(tmp_path, submission("steps", size=5, dependsOn=[{"type": "SEQUENTIAL"}]), script=script)
    assert order == [("steps", index) for index in range(5)]


def test_n_to_n_waits_for_the_partner_only(tmp_path):
    script = ("[ -e slow ] || [ $AWS_BATCH_JOB_ARRAY_INDEX != 0 ] || { touch slow; sleep 1.5; }; echo $AWS_BATCH_JOB_ID >> order")
    _, order = one_after_the_other(tmp_path, submission("first", size=3), submission("second", size=3, dependsOn=[{"jobId": "first", "type": "N_TO_N"}]),
                                   script=script)
    assert len(order) == 6 and all(order.index(("first", index)) < order.index(("second", index)) for index in range(3))
    assert order[-2:] == [("first", 0), ("second", 0)]  # nobody else waited for the slow one


def test_a_failure_fails_what_depends_on_it_and_nothing_else(tmp_path):
    run, order = one_after_the_other(tmp_path, submission("first", "bad"), submission("second", size=2, dependsOn=[{"jobId": "first"}]),
                                     submission("third", dependsOn=[{"jobId": "second"}]), submission("free"), code=1)
    assert order == [("free",)] and [job["status"] for job in run.summary["jobs"]] == ["FAILED", "FAILED", "FAILED", "SUCCEEDED"]
    assert {(line["job"], line["index"], line["attempt"], line["status_reason"]) for line in run.attempts if line["exit_code"] is None} == {
        ("second", 0, 0, "Dependent Job failed"), ("second", 1, 0, "Dependent Job failed"), ("third", None, 0, "Dependent Job failed")}


def test_a_failed_child_fails_its_partner_and_ends_a_sequence(tmp_path):
    bad = "echo $AWS_BATCH_JOB_ID >> order; exit $((AWS_BATCH_JOB_ARRAY_INDEX == 1 ? 65 : 0))"
    run, order = one_after_the_other(tmp_path, submission("first", size=3), submission("second", size=3, dependsOn=[{"jobId": "first", "type": "N_TO_N"}]),
                                     submission("steps", size=4, dependsOn=[{"type": "SEQUENTIAL"}]), code=1, script=bad)
    assert sorted(order) == [("first", 0), ("first", 1), ("first", 2), ("second", 0), ("second", 2), ("steps", 0), ("steps", 1)]
    assert [(job["succeeded"], job["failed"]) for job in run.summary["jobs"]] == [(2, 1), (2, 1), (1, 3)]


def test_a_sequence_of_10000_that_fails_at_its_start_ends(tmp_path):
    run = batch_local(tmp_path, definition("exit 1"), submissions=[submission("steps", size=10_000, dependsOn=[{"type": "SEQUENTIAL"}])], code=1)
    assert len(run.attempts) == 10_000 and run.summary["jobs"][0]["attempts"] == 1


# podman

FAKE_PODMAN = """#!/bin/bash
echo "$@" >> "$PODMAN_CALLS"
case $1 in
  image) exit 1 ;;
  pull) [ "$3" != absent ] ;;
  run) echo $$ > "$PODMAN_CALLS.pid"; trap 'exit 75' TERM; [ -n "$SLEEPS" ] && while true; do sleep 0.05; done; echo "sees $A" >&2; exit 3 ;;
  kill) kill -TERM $(cat "$PODMAN_CALLS.pid") ;;
esac
"""


def with_fake_podman(folder, *arguments, **more):
    """(the run, the calls of podman)."""
    (folder / "bin").mkdir()
    (folder / "bin" / "podman").write_text(FAKE_PODMAN)
    (folder / "bin" / "podman").chmod(0o755)
    properties = {"readonlyRootFilesystem": True, "user": "1000", "environment": [{"name": "A", "value": "secret"}], "command": ["run"],
                  "linuxParameters": {"initProcessEnabled": True, "sharedMemorySize": 64, "tmpfs": [{"containerPath": "/tmp", "size": 8}]},
                  "volumes": [{"name": "scratch", "host": {"sourcePath": "/mnt/nvme"}}],
                  "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch"}]}
    run = batch_local(folder, definition("", gpus=1, properties=properties), "--gpus", 2, *arguments, code=1,
                      environment={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PODMAN_CALLS": str(folder / "calls"), **more})
    return run, (folder / "calls").read_text().splitlines()


def test_podman_gets_what_the_definition_says(tmp_path):
    run, calls = with_fake_podman(tmp_path, "--image", "-")
    assert run.of()[0]["exit_code"] == 3 and "sees secret" in run.stderr
    words = calls[2].split()
    assert words[:3] == ["run", "--rm", "--name"] and words[-2:] == ["raki", "run"]
    for option in ("--init", "--read-only", "--user 1000", "--shm-size 64m", "--tmpfs=/tmp:size=8m", "--volume /mnt/nvme:/scratch",
                   "--device nvidia.com/gpu=2", "--env A ", "--env AWS_BATCH_JOB_ATTEMPT "):
        assert option in calls[2] + " ", option
    assert "secret" not in "".join(calls)


def test_an_image_that_cannot_be_pulled_is_a_reason(tmp_path):
    run, _ = with_fake_podman(tmp_path, "--image", "absent")
    assert run.of()[0]["reason"].startswith("CannotPullContainerError") and run.of()[0]["exit_code"] is None


def test_a_time_out_in_podman_goes_through_podman(tmp_path):
    run, calls = with_fake_podman(tmp_path, "--image", "-", "--timeout", "1", SLEEPS="1")
    assert run.of()[0]["exit_code"] == 75 and any(call.startswith("kill --signal TERM raki-batch-local-") for call in calls)


def test_a_real_podman_runs_the_command_as_process_1(tmp_path):
    image = os.environ.get("RAKI_TEST_IMAGE")
    if not shutil.which("podman") or not image:
        pytest.skip("podman is not installed, or RAKI_TEST_IMAGE names no image with a shell that it has")
    job = definition("echo I am $$ in attempt $AWS_BATCH_JOB_ATTEMPT", properties={"command": ["sh", "-c", "echo I am $$ in attempt $AWS_BATCH_JOB_ATTEMPT"]})
    assert "I am 1 in attempt 1" in batch_local(tmp_path, job, "--image", image, timeout=300).stderr


# What the program needs

def test_a_python_without_botocore_is_told_what_to_install(tmp_path):
    (tmp_path / "botocore.py").write_text("raise ImportError('none')")
    done = subprocess.run([sys.executable, BATCH_LOCAL], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 78 and "requirements.txt" in done.stderr and "Traceback" not in done.stderr


def test_lines_of_the_program_are_json_and_nothing_else(tmp_path):
    run = batch_local(tmp_path, definition("echo not json"))
    assert json.loads(json.dumps(run.lines)) == run.lines and {line["event"] for line in run.lines} == {"attempt", "summary"}
