"""What tests of jobs/cloud/raki-batch-local share: definitions, submissions, and a run of the program."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH_LOCAL = ROOT / "jobs" / "cloud" / "raki-batch-local"
SLOW = os.environ.get("RAKI_SLOW") == "1"
CATCH_ALL = {"onReason": "*", "action": "EXIT"}
FIVE_RULES = [{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "CannotPull*", "action": "RETRY"},
              {"onExitCode": "75", "action": "RETRY"}, {"onExitCode": "137", "action": "RETRY"}, CATCH_ALL]  # those of terraform/compute


def definition(script, name="job", gpus=0, properties=None, **more):
    """A job definition whose command is this shell script; `more`: further members of the request."""
    resources = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
    if gpus:
        resources.append({"type": "GPU", "value": str(gpus)})
    command = script if isinstance(script, list) else ["bash", "-c", script]
    return {"jobDefinitionName": name, "type": "container",
            "containerProperties": {"image": "raki", "command": command, "resourceRequirements": resources, **(properties or {})}, **more}


def submission(name, definition_name="job", size=None, **more):
    request = {"jobName": name, "jobQueue": "queue", "jobDefinition": definition_name, **more}
    return request if size is None else {**request, "arrayProperties": {"size": size}}


class Run:
    """A run of the program: its exit code, its lines, and what the jobs wrote to standard error."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stderr = code, stderr
        self.lines = [json.loads(line) for line in stdout.splitlines()]
        self.attempts = [line for line in self.lines if line["event"] == "attempt"]
        self.summary = self.lines[-1] if self.lines else None

    def of(self, job="job", index=None):
        """The attempts of one child, in their order."""
        return [line for line in self.attempts if (line["job"], line["index"]) == (job, index)]


def command_of(folder, definitions, *arguments, submissions=()):
    """The command line, with its requests written into `folder`."""
    words = []
    for option, requests in (("--definition", definitions), ("--submit", submissions)):
        for number, request in enumerate(requests):
            path = folder / f"{option[2:]}{number}.json"
            path.write_text(json.dumps(request))
            words += [option, path]
    return [sys.executable, BATCH_LOCAL, *map(str, words), *map(str, arguments)]


def batch_local(folder, definitions, *arguments, code=0, submissions=(), environment=None, timeout=60):
    """Runs it to its end; its exit code must be `code`."""
    if isinstance(definitions, dict):
        definitions = [definitions]
    done = subprocess.run(command_of(folder, definitions, *arguments, submissions=submissions), capture_output=True, text=True, cwd=folder,
                          timeout=timeout, env={**os.environ, **(environment or {})})
    assert done.returncode == code, f"raki-batch-local ended with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}"
    return Run(done.returncode, done.stdout, done.stderr)
