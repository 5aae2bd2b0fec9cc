"""Terraform as the tests run it: offline, from a copy of jobs/cloud/terraform, with the provider mocked or with moto in AWS's place."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud" / "terraform"
PLUGINS = pathlib.Path(os.environ.get("RAKI_TERRAFORM_PLUGINS", "/opt/tf-plugins"))
MODULES = sorted(path.parent.name for path in SOURCE.glob("*/versions.tf"))


def what_is_missing():
    """Why no test with Terraform can run here; None if all is there."""
    if not shutil.which("terraform"):
        return "terraform is not installed"
    if not list(PLUGINS.glob("registry.terraform.io/hashicorp/aws/*")):
        return f"no provider hashicorp/aws in {PLUGINS} (RAKI_TERRAFORM_PLUGINS names another folder)"
    return None


def environment(**more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    return {**kept, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "eu-central-1", **more}


def terraform(folder, *arguments, code=0, timeout=600, **more):
    done = subprocess.run(["terraform", f"-chdir={folder}", *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=environment(**more))
    assert code is None or done.returncode == code, f"terraform {arguments} in {folder} ended with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}"
    return done


def copied(parent):
    """All modules, so that their common mocks are found, in a folder where Terraform may leave its own files."""
    return pathlib.Path(shutil.copytree(SOURCE, parent / "terraform", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")))


def initialised(folder):
    terraform(folder, "init", "-no-color", "-input=false", f"-plugin-dir={PLUGINS}")
    return folder


@dataclasses.dataclass
class Mocked:
    """What `terraform test` said: statuses and states (resources, outputs) by run."""

    statuses: dict
    states: dict
    messages: list

    def resources(self):
        """(run, resource) of all runs that made any; a resource has address, type and values."""
        for run, state in self.states.items():
            for resource in of_module(state["root_module"]):
                yield run, resource

    def output(self, run, name):
        return self.states[run]["outputs"][name]["value"]


def of_module(module):
    yield from (resource for resource in module.get("resources", []) if resource["mode"] == "managed")
    for child in module.get("child_modules", []):
        yield from of_module(child)


def mocked(folder):
    """`terraform test` in a folder that is initialised."""
    lines = [json.loads(line) for line in terraform(folder, "test", "-json", "-verbose", code=None).stdout.splitlines()]
    ended = [line for line in lines if line["type"] == "test_run" and line["test_run"]["progress"] == "complete"]
    return Mocked(statuses={line["@testrun"]: line["test_run"]["status"] for line in ended},
                  states={line["@testrun"]: line["test_state"] for line in lines if line["type"] == "test_state" and "root_module" in line["test_state"]},
                  messages=[line["@message"] for line in lines if line["type"] == "diagnostic"])


def policies(resources):
    """(address, document) of every policy in the attributes of resources."""
    for resource in resources:
        for value in resource["values"].values():
            if isinstance(value, str) and '"Statement"' in value:
                yield resource["address"], json.loads(value)


def as_list(value):
    return value if isinstance(value, list) else [value]


def stars(statement):
    """What a statement leaves open. Keys below a bucket and streams below a log group are not open: they are what is meant."""
    found = [f"{key}" for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
    found += [action for action in as_list(statement.get("Action", [])) if "*" in action or "?" in action]
    for resource in as_list(statement.get("Resource", [])):
        meant = re.sub(r"^(arn:[a-z-]+:s3:::[^*?/]+/).*$|^(arn:[a-z-]+:logs:[^*?]+):\*$", r"\1\2", resource)
        found += [resource] if "*" in meant or "?" in meant else []
    principal = statement.get("Principal")
    found += [f"principal {principal}"] if "*" in as_list(principal if not isinstance(principal, dict) else principal.get("AWS", "")) else []
    return found


def has_reason(sid, folder):
    """Whether a comment `# Why *: ...` stands right above the statement's Sid in a .tf file of the folder."""
    for path in folder.glob("*.tf"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.search(rf'\bSid\s*=\s*"{re.escape(sid)}"', line):
                above = []
                while number and lines[number - 1].strip().startswith("#"):
                    number -= 1
                    above.append(lines[number].strip())
                if any(re.match(r"# Why \*: \S.{10}", comment) for comment in above):
                    return True
    return False


def complaints(document, folder):
    """Why a policy of the module in `folder` gives more than it must."""
    wrong = []
    for statement in as_list(document["Statement"]):
        sid = statement.get("Sid", "")
        if not sid:
            wrong.append(f"a statement without a Sid: {statement}")
        open_ends = stars(statement)
        if open_ends and not has_reason(sid, folder):
            wrong.append(f"{sid}: {', '.join(open_ends)} without '# Why *: ...' above its Sid")
        if "iam:PassRole" in as_list(statement.get("Action", [])) and "iam:PassedToService" not in str(statement.get("Condition")):
            wrong.append(f"{sid}: iam:PassRole for every service")
    return wrong
