"""jobs/cloud/terraform before moto: applied, read back by boto3, without drift, destroyed. And broken on purpose, to see its own tests fail."""

import contextlib
import json
import os
import pathlib
import sys
import time
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import terraform_runs as runs  # noqa: E402

WHY_NOT = runs.what_is_missing() or ("" if os.environ.get("RAKI_SLOW") == "1" else "takes minutes: RAKI_SLOW=1 or tests/run --slow")
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
REGION = "eu-central-1"
# What moto 5.2.1 forgets or alters, so that a second plan wants to set it again: kind of resource -> attributes.
MOTO_FORGETS = {
    "aws_s3_bucket_notification": {"eventbridge"}, "aws_sqs_queue": {"redrive_policy"}, "aws_batch_job_queue": {"job_state_time_limit_action"},
    "aws_batch_compute_environment": {"update_policy"},
    "aws_sqs_queue_policy": {"policy", "queue_url"},  # gone when a queue is updated, which the second apply does for its redrive_policy
}


class Site:
    """The whole configuration in front of one moto server."""

    def __init__(self, folder, url):
        import boto3
        self.folder, self.url, self.boto3 = folder, url, boto3
        role = self.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
        # moto knows no service-linked role of Batch, and gives a launch template's own tags to its instances.
        (folder / "test_override.tf").write_text('provider "aws" {\n  s3_use_path_style = true\n  default_tags {}\n}\n')
        (folder / "compute" / "test_override.tf").write_text(f'resource "aws_batch_compute_environment" "this" {{\n  service_role = "{role}"\n}}\n')
        with zipfile.ZipFile(folder / "submitter.zip", "w") as archive:
            archive.writestr("raki_submit/aws_lambda.py", "def handler(event, context):\n    return {}\n")
        variables = {"name": "site", "region": REGION, "network": {"zones": [f"{REGION}a", f"{REGION}b"]}, "lambda_zip": "submitter.zip",
                     "emails": ["physics@example.org"], "usd_per_job_hour": {"gpu": 0.5}, "force_destroy": True}
        (folder / "terraform.tfvars.json").write_text(json.dumps(variables))

    def client(self, service):
        return self.boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")

    def terraform(self, *arguments, code=0):
        return runs.terraform(self.folder, *arguments, code=code, timeout=1500, AWS_ENDPOINT_URL=self.url)

    def apply(self, *more):
        self.terraform("apply", "-auto-approve", "-input=false", "-no-color", *more)

    def output(self, name):
        return json.loads(self.terraform("output", "-json", name).stdout)

    def drift(self):
        """(address, kind, attributes) that a plan would change."""
        self.terraform("plan", "-input=false", "-no-color", "-out=plan")
        for change in json.loads(self.terraform("show", "-json", "plan").stdout)["resource_changes"]:
            before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
            if change["change"]["actions"] != ["no-op"]:
                yield change["address"], change["type"], {key for key in {*before, *after} if before.get(key) != after.get(key)}


@contextlib.contextmanager
def moto_server():
    pytest.importorskip("moto.server")
    from moto.server import ThreadedMotoServer
    import urllib.request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    for service in ({"batch": {"use_docker": False}, "lambda": {"use_docker": False}},):
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/config", json.dumps(service).encode(), method="POST")).read()
    yield url
    server.stop()


@pytest.fixture(scope="module")
def without_function(tmp_path_factory):
    """With a daemon in the function's place: moto would take messages for the function at once."""
    with moto_server() as url:
        site = Site(runs.initialised(runs.copied(tmp_path_factory.mktemp("moto"))), url)
        site.apply("-var=submitter=daemon")
        yield site
        site.terraform("destroy", "-auto-approve", "-input=false", "-no-color")
        assert [one["Name"] for one in site.client("s3").list_buckets()["Buckets"] if one["Name"].startswith("site")] == []  # moto's servers share all they know
        assert site.client("sqs").list_queues(QueueNamePrefix="site").get("QueueUrls", []) == []
        assert [role["RoleName"] for role in site.client("iam").list_roles()["Roles"] if role["RoleName"].startswith("site")] == []


def test_a_manifest_reaches_the_queue_and_nothing_else_does(without_function):
    site = without_function
    for bucket in site.output("buckets").values():
        site.client("s3").delete_bucket_policy(Bucket=bucket)  # moto looks at no Condition, so the Deny of http would forbid everything
    for bucket, key in (("site-raw", "a/scan.h5"), ("site-results", "b.manifest.json"), ("site-raw", "a/run 1.manifest.json"), ("site-prepared", "c.manifest.json")):
        site.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    sqs, found, until = site.client("sqs"), [], time.monotonic() + 20
    while time.monotonic() < until and len(found) < 3:
        for message in sqs.receive_message(QueueUrl=site.output("manifest_queue_url"), MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            event = json.loads(message["Body"])
            found += [(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])] if event["detail-type"] == "Object Created" else []
    assert sorted(found) == [("site-prepared", "c.manifest.json"), ("site-raw", "a/run 1.manifest.json")]


@pytest.fixture(scope="module")
def site(without_function):
    without_function.apply()
    return without_function


def test_another_plan_changes_nothing(site):
    drift = list(site.drift())
    assert [(address, attributes) for address, kind, attributes in drift if not attributes <= MOTO_FORGETS.get(kind, set())] == []
    assert {kind for _, kind, _ in drift} == set(MOTO_FORGETS), "moto keeps more than it did: take it off the list"


def test_the_job_definition_is_the_one_that_is_put_out(site):
    definition = json.loads(site.output("job_definition_json"))
    there, = site.client("batch").describe_job_definitions(jobDefinitionName="site", status="ACTIVE")["jobDefinitions"]
    assert there["containerProperties"].items() >= {key: definition["containerProperties"][key] for key in ("image", "command", "user", "readonlyRootFilesystem",
                                                    "resourceRequirements", "mountPoints", "volumes", "jobRoleArn", "linuxParameters", "logConfiguration")}.items()
    assert there["timeout"] == definition["timeout"] and there["retryStrategy"]["attempts"] == 5
    assert [{**rule, "action": rule["action"].upper()} for rule in there["retryStrategy"]["evaluateOnExit"]] == definition["retryStrategy"]["evaluateOnExit"]
    assert definition["containerProperties"]["image"] == f"{site.output('repository_url')}:1"


def test_fleets_and_queues(site):
    batch = site.client("batch")
    fleets = {one["computeEnvironmentName"].split("-")[1]: one for one in batch.describe_compute_environments()["computeEnvironments"]
              if one["computeEnvironmentName"].startswith("site-")}
    assert {kind: (one["computeResources"]["minvCpus"], one["computeResources"]["type"], one["computeResources"]["ec2Configuration"][0]["imageType"])
            for kind, one in fleets.items()} == {"gpu": (0, "SPOT", "ECS_AL2023_NVIDIA"), "cpu": (0, "SPOT", "ECS_AL2023")}
    queues = {one["jobQueueName"]: one for one in batch.describe_job_queues()["jobQueues"] if one["jobQueueName"].startswith("site-")}
    assert {name: one["computeEnvironmentOrder"][0]["computeEnvironment"] for name, one in queues.items()} == {
        f"site-{kind}": one["computeEnvironmentArn"] for kind, one in fleets.items()}
    assert {kind: arn.rsplit("/", 1)[1] for kind, arn in site.output("job_queue_arns").items()} == {"gpu": "site-gpu", "cpu": "site-cpu"}


@pytest.mark.parametrize("kind", ["raw", "prepared", "results"])
def test_buckets_are_closed(site, kind):
    s3, bucket = site.client("s3"), f"site-{kind}"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rule, = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms" and rule["BucketKeyEnabled"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert {one["Sid"] for one in policy["Statement"]} == {"TlsOnly", "Tls12OrLater"}
    rules = {one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["tidy"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 2
    assert set(rules) == {"tidy"} | {"raw": {"glacier", "intelligent-tiering"}, "prepared": {"expire"}, "results": {"intelligent-tiering"}}[kind]


def test_rule_queue_and_function(site):
    target, = site.client("events").list_targets_by_rule(Rule="site-manifest")["Targets"]
    queue = site.client("sqs").get_queue_attributes(QueueUrl=site.output("manifest_queue_url"), AttributeNames=["All"])["Attributes"]
    assert target["Arn"] == queue["QueueArn"] and target["DeadLetterConfig"]["Arn"].endswith(":site-dead")
    assert json.loads(queue["RedrivePolicy"])["maxReceiveCount"] == 20 and queue["VisibilityTimeout"] == "360"
    function = site.client("lambda").get_function(FunctionName="site-submit")["Configuration"]
    assert function["Handler"] == "raki_submit.aws_lambda.handler" and function["Environment"]["Variables"]["RAKI_RESULTS"] == "s3://site-results"
    source, = (one for one in site.client("lambda").list_event_source_mappings()["EventSourceMappings"] if ":site-submit" in one["FunctionArn"])
    assert source["EventSourceArn"] == queue["QueueArn"] and source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_policy_that_was_applied_gives_no_more_than_it_must(site):
    """Those that we wrote: a topic, a queue and an interface endpoint also show the one that AWS gave them, which ours are beside."""
    state = json.loads(site.terraform("show", "-json").stdout)["values"]["root_module"]
    ours = [one for one in runs.of_module(state) if one["type"] not in ("aws_sns_topic", "aws_sqs_queue") and one["name"] != "interface"]
    found = [(address.split(".")[1].split("[")[0], address, document) for address, document in runs.policies(ours)]
    wrong = [f"{address}: {text}" for module, address, document in found for text in runs.complaints(document, runs.SOURCE / module)]
    assert not wrong and len(found) >= 20


def test_without_a_queue_the_rule_submits(site):
    site.apply("-var=submitter=batch")
    target, = site.client("events").list_targets_by_rule(Rule="site-manifest")["Targets"]
    assert target["Arn"] == site.output("job_queue_arns")["gpu"] and target["BatchParameters"]["JobDefinition"] == site.output("job_definition_arns")["gpu"]
    assert json.loads(target["InputTransformer"]["InputTemplate"]) == {"Parameters": {"manifest": "s3://<bucket>/<key>"}}
    assert target["DeadLetterConfig"]["Arn"].endswith(":site-dead")


FAULTS = [  # a module, what stands in it, what would be wrong
    ("network", 'cidr_ipv4         = local.nat ? "0.0.0.0/0" : var.cidr', 'cidr_ipv4         = "0.0.0.0/0"'),
    ("storage", "block_public_policy     = true", "block_public_policy     = false"),
    ("storage", '"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"'),
    ("storage", '"all_storage_classes_128K"', '"varies_by_storage_class"'),
    ("ingest", '["ReportBatchItemFailures"]', "[]"),
    ("ingest", '"${arn}/*.manifest.json"', '"${arn}/*"'),
    ("compute", '{ action = "EXIT", onReason = "*" }', '{ action = "RETRY", onReason = "*" }'),
    ("compute", "readonlyRootFilesystem = true", "readonlyRootFilesystem = false"),
    ("compute", 'http_tokens                 = "required"', 'http_tokens                 = "optional"'),
    ("compute", "min_vcpus           = 0", "min_vcpus           = 1"),
    ("compute", 'Action = "s3:PutObject", Resource = "${local.arn.results}/*"', 'Action = "s3:DeleteObject", Resource = "${local.arn.results}/*"'),
    ("fsx", "-o ro,noatime,flock", "-o noatime,flock"),
    ("gateway", "delay_seconds               = var.refresh_seconds", "delay_seconds               = 60"),
    ("healthimaging", '"iam:PassedToService" = "medical-imaging.amazonaws.com"', '"iam:PassedToService" = "ec2.amazonaws.com"'),
    ("alarms", "exitCode = 69", "exitCode = 70"),
]


@pytest.mark.parametrize("folder, right, wrong", FAULTS, ids=[f"{one[0]}: {one[2][:30]}" for one in FAULTS])
def test_a_fault_fails_the_modules_own_tests(tmp_path, folder, right, wrong):
    copy = runs.copied(tmp_path)
    changed = 0
    for path in (copy / folder).glob("*.tf"):
        changed += path.read_text().count(right)
        path.write_text(path.read_text().replace(right, wrong))
    assert changed == 1, f"{right!r} stands {changed} times in {folder}"
    assert "fail" in runs.mocked(runs.initialised(copy / folder)).statuses.values()


def test_a_policy_that_is_too_wide_is_found_as_it_is_rendered(tmp_path):
    copy = runs.copied(tmp_path)
    roles = copy / "compute" / "roles.tf"
    roles.write_text(roles.read_text().replace('Action = "s3:GetObject", Resource = "${local.arn.raw}/*"', 'Action = "s3:*", Resource = "*"'))
    result = runs.mocked(runs.initialised(copy / "compute"))
    wrong = {text for _, resource in result.resources() for _, document in runs.policies([resource]) for text in runs.complaints(document, copy / "compute")}
    assert any(text.startswith("ReadRaw: s3:*, *") for text in wrong)
