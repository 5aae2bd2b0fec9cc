"""jobs/cloud/terraform: form, every module by itself with the provider mocked, least privilege, what a job and an instance are told."""

import base64
import email
import json
import os
import pathlib
import re
import stat
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud"))
import terraform_runs as runs  # noqa: E402
from batch_local import FIVE_RULES  # noqa: E402
from raki_cloud.archive_names import KINDS  # noqa: E402
from raki_job.split_options import parse_split  # noqa: E402

pytestmark = pytest.mark.skipif(bool(runs.what_is_missing()), reason=str(runs.what_is_missing()))
FOLDERS = ["."] + runs.MODULES


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    return runs.copied(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def tested(checkout):
    """Results of `terraform test` by folder, each run once."""
    results = {}

    def of(folder):
        if folder not in results:
            results[folder] = runs.mocked(runs.initialised(checkout / folder))
        return results[folder]

    return of


def test_all_modules_are_here():
    assert runs.MODULES == ["alarms", "compute", "fsx", "gateway", "healthimaging", "ingest", "network", "storage"]


def test_form(checkout):
    done = runs.terraform(checkout, "fmt", "-check", "-recursive", "-diff", code=None)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_stands_by_itself_and_its_own_tests_pass(tested, folder):
    """`terraform test` with the provider mocked: no server, no account."""
    result = tested(folder)
    assert set(result.statuses.values()) == {"pass"}, result.messages
    assert "refuses" in result.statuses and len(result.statuses) >= 3


@pytest.mark.parametrize("folder", runs.MODULES)
def test_no_policy_gives_more_than_it_must(tested, folder):
    wrong, seen = [], 0
    for run, resource in tested(folder).resources():
        for address, document in runs.policies([resource]):
            seen += 1
            wrong += [f"{run}: {address}: {text}" for text in runs.complaints(document, runs.SOURCE / folder)]
        assert ":iam::aws:policy/" not in json.dumps(resource["values"]), f"{resource['address']}: a policy of AWS, whose contents change"
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert seen >= (0 if folder == "fsx" else 1)


@pytest.mark.parametrize("action, resource, why", [
    ("s3:*", "arn:aws:s3:::b/*", "s3:*"), ("s3:Get*", "arn:aws:s3:::b/*", "s3:Get*"), ("s3:GetObject", "*", "*"), ("s3:GetObject", "arn:aws:s3:::*/x", "arn:aws:s3:::*/x"),
    ("s3:GetObject", "arn:aws:s3:::b*", "arn:aws:s3:::b*"), ("sqs:SendMessage", "arn:aws:sqs:r:1:*", "arn:aws:sqs:r:1:*"), ("iam:PassRole", "arn:aws:iam::1:role/x", "every service"),
    ("logs:PutLogEvents", "arn:aws:logs:r:1:log-group:*:*", "log-group:*:*")])
def test_the_judge_of_policies_sees(tmp_path, action, resource, why):
    statement = {"Sid": "Given", "Effect": "Allow", "Action": ["sqs:SendMessage", action], "Resource": ["arn:aws:s3:::a/*", resource]}
    assert why in " ".join(runs.complaints({"Statement": [statement]}, tmp_path))


def test_the_judge_of_policies_lets_pass(tmp_path):
    fine = {"Sid": "Fine", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::b/*/_SUCCESS.json"]}
    star = {"Sid": "Star", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    assert runs.complaints({"Statement": [fine]}, tmp_path) == []
    assert len(runs.complaints({"Statement": [star, {**star, "Sid": ""}, {**fine, "NotAction": "s3:PutObject"}]}, tmp_path)) == 4
    (tmp_path / "a.tf").write_text('  # Why *:\n  Sid = "Star"\n')
    assert runs.complaints({"Statement": [star]}, tmp_path), "a reason without words is none"
    (tmp_path / "a.tf").write_text('  # Why *: ECR knows no resource here.\n  # More words.\n  Sid = "Star"\n')
    assert runs.complaints({"Statement": [star]}, tmp_path) == []


def blocks(kind):
    """(file, name, text) of every variable or output of all folders."""
    for path in sorted(runs.SOURCE.rglob("*.tf")):
        for found in re.finditer(rf'^{kind} "(\w+)" {{\n(.*?)^}}', path.read_text(), re.MULTILINE | re.DOTALL):
            yield path.relative_to(runs.SOURCE).as_posix(), found[1], found[2]


def test_every_variable_is_described_and_every_number_has_its_range():
    variables = list(blocks("variable"))
    assert len(variables) > 80
    wrong = [f"{file}: {name}" for file, name, text in [*variables, *blocks("output")] if not re.search(r'^  description = "\w.+"$', text, re.MULTILINE)]
    wrong += [f"{file}: {name}: no range" for file, name, text in variables if file.count("/") and re.search(r"type\s+=\s+number", text) and "validation {" not in text]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("output", ["job_definition_json", "split_job_definition_json"])
def test_batch_would_register_the_job(tested, output):
    """The names, types and bounds of RegisterJobDefinition, as botocore knows them; nothing that it does not know."""
    botocore_session = pytest.importorskip("botocore.session")
    from botocore.validate import ParamValidator
    shape = botocore_session.get_session().get_service_model("batch").operation_model("RegisterJobDefinition").input_shape
    definition = json.loads(tested("compute").output("definitions", output))
    report = ParamValidator().validate(definition, shape)
    assert not report.has_errors(), report.generate_report()
    spoilt = {**definition, "retryStrategy": {"attempts": "5"}, "containerProperties": {**definition["containerProperties"], "readOnly": True}}
    report = ParamValidator().validate(spoilt, shape).generate_report()
    assert "retryStrategy.attempts" in report and "readOnly" in report, "the judge does not see what is wrong"
    assert len(definition["retryStrategy"]["evaluateOnExit"]) == 5 and definition["retryStrategy"]["evaluateOnExit"][-1] == {"action": "EXIT", "onReason": "*"}
    assert len(json.dumps(definition)) < 24 * 1024, "Batch takes 24 KiB"


def test_the_rules_of_retry_are_those_that_other_tests_run_with(tested):
    assert json.loads(tested("compute").output("definitions", "job_definition_json"))["retryStrategy"]["evaluateOnExit"] == FIVE_RULES


def script_of(user_data):
    parts = [part for part in email.message_from_string(user_data).walk() if part.get_content_type() == "text/x-shellscript"]
    assert len(parts) == 1
    return parts[0].get_payload()


class Host:
    """A machine that starts: programs that would change it only say so in `calls`; /etc and /scratch lie in a folder of the test."""

    def __init__(self, folder, disks, failing=()):
        self.folder, self.calls = folder, folder / "calls"
        programs = folder / "bin"
        programs.mkdir(parents=True)
        (folder / "etc" / "ecs").mkdir(parents=True)
        self.calls.touch()
        listing = "".join(f"/dev/nvme{i}n1 {model}\\n" for i, model in enumerate(disks))
        for name in ("mdadm", "mkfs.xfs", "mount", "chown", "dnf", "lsblk"):
            says = f"printf '{listing}'" if name == "lsblk" else f'echo {name} "$@" >> {self.calls}; exit {int(name in failing)}'
            (programs / name).write_text(f"#!/bin/sh\n{says}\n")
            (programs / name).chmod(stat.S_IRWXU)

    def start(self, script):
        script = script.replace("/etc/", f"{self.folder}/etc/").replace("/scratch", f"{self.folder}/scratch")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}"})
        assert done.returncode == 0, done.stderr
        return self.calls.read_text().replace(str(self.folder), "").splitlines()


ROOT_DISK, NVME = "Amazon Elastic Block Store", "Amazon EC2 NVMe Instance Storage"
OWNED = "chown 10001:10001 /scratch"


@pytest.mark.parametrize("disks, failing, calls", [
    ([ROOT_DISK], [], [OWNED]),
    ([ROOT_DISK, NVME], [], ["mkfs.xfs -f /dev/nvme1n1", "mount -o noatime,nodev,nosuid /dev/nvme1n1 /scratch", OWNED]),
    ([ROOT_DISK, NVME, NVME], [], ["mdadm --create /dev/md0 --run --level=0 --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1", "mkfs.xfs -f /dev/md0",
                                   "mount -o noatime,nodev,nosuid /dev/md0 /scratch", OWNED]),
    ([NVME, NVME], ["mdadm"], ["mdadm --create /dev/md0 --run --level=0 --raid-devices=2 /dev/nvme0n1 /dev/nvme1n1", "mkfs.xfs -f /dev/nvme0n1",
                               "mount -o noatime,nodev,nosuid /dev/nvme0n1 /scratch", OWNED]),
    ([NVME], ["mkfs.xfs"], ["mkfs.xfs -f /dev/nvme0n1", OWNED])], ids=["none", "one", "two", "two without mdadm", "a broken one"])
def test_an_instance_prepares_scratch(tmp_path, tested, disks, failing, calls):
    host = Host(tmp_path, disks, failing)
    assert host.start(script_of(tested("compute").output("fleet", "user_data"))) == calls
    assert stat.S_IMODE((tmp_path / "scratch").stat().st_mode) == 0o700
    assert (tmp_path / "etc/ecs/ecs.config").read_text().splitlines() == [
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true", "ECS_CONTAINER_STOP_TIMEOUT=90s", "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true",
        "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached"]


def test_archives_that_are_split_are_those_that_can_be_unpacked(tested):
    archives = next(values["values"]["event_pattern"] for run, values in tested(".").resources()
                    if run == "everything" and values["address"].endswith('aws_cloudwatch_event_rule.this["archive"]'))
    endings = json.loads(archives)["detail"]["object"]["key"]
    assert {one["suffix"]["equals-ignore-case"] for one in endings} == set(KINDS)


def test_the_split_job_has_a_command_that_raki_job_takes(tested):
    split = next(values["values"] for run, values in tested(".").resources()
                 if run == "everything" and values["address"].endswith('aws_batch_job_definition.this["cpu"]'))
    program, *words = json.loads(split["container_properties"])["command"]
    parameters = {"archive": "s3://raw/a.tar", "etag": "e", "output": "s3://prepared", "results": "s3://results/a.tar"}
    options = parse_split([parameters.get(word.removeprefix("Ref::"), word) for word in words], {})
    assert (program, options.archives, options.set, options.units_per_index) == ("split", ["s3://raw/a.tar"], ["method=raki"], 8)


def test_an_instance_mounts_lustre_after_scratch(tmp_path, tested):
    everything = next(values["values"]["user_data"] for run, values in tested(".").resources()
                      if run == "everything" and values["type"] == "aws_launch_template")
    script = script_of(base64.b64decode(everything).decode()).replace("/fsx", f"{tmp_path}/fsx")
    calls = Host(tmp_path, []).start(script)
    assert calls[:2] == [OWNED, "dnf install -y lustre-client"] and re.fullmatch(r"mount -t lustre -o ro,noatime,flock \S+@tcp:/\S+ /fsx", calls[2]) and len(calls) == 3


def test_the_readmes_show_how_modules_are_used(tmp_path):
    """The examples, which give every variable that has no default, together are a valid configuration."""
    for folder in runs.MODULES:
        text = (runs.SOURCE / folder / "README.md").read_text()
        example, = re.findall(r"```hcl\n(.*?)```", text, re.DOTALL)
        assert f'source = "RAKI/jobs/cloud/terraform/{folder}"' in re.sub(" +", " ", example) and "## Cost" in text, folder
        (tmp_path / f"{folder}.tf").write_text(example.replace("RAKI/jobs/cloud/terraform", str(runs.SOURCE)))
    runs.initialised(tmp_path)
    runs.terraform(tmp_path, "validate", "-no-color")


def test_the_whole_is_valid(checkout, tested):
    assert tested(".")
    runs.terraform(checkout, "validate", "-no-color")


def arithmetic():
    """(file, text before, number after) of every `... = number` in the READMEs' code spans that begins with a number."""
    for path in [runs.SOURCE / "README.md", *runs.SOURCE.glob("*/README.md")]:
        for found in re.finditer(r"`([\d.,()+*/ ]+) = ([\d.,]+)`", path.read_text()):
            yield path.parent.name, found[1], found[2]


def test_the_arithmetic_of_the_cost_notes_is_right():
    sums = list(arithmetic())
    assert len(sums) >= 6
    for folder, sum_, result in sums:
        exact, shown = eval(sum_.replace(",", ""), {}), float(result.replace(",", ""))
        digits = len(result.partition(".")[2])
        assert abs(exact - shown) <= 0.5 * 10 ** -digits + 1e-9, f"{folder}: {sum_} is {exact}, not {result}"
