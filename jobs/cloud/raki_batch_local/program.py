"""The program: reads requests, checks all of them, runs the jobs, ends with the exit code that fits."""

import os
import signal
import sys
import threading

from raki_cloud.ending import ended
from raki_cloud.exits import Exit, Stop

from .documents import definitions_in, read_json
from .jobs import definition_name, make_job
from .options import parse
from .queue import Queue
from .report import Report
from .requests import check_definition, check_submission, wrong

A_JOB_FAILED = 1
INTERRUPTED = "Interrupted: found SIGINT or SIGTERM, expected to begin. In this process. Start it again: nothing ran."


def main():
    return ended(run, lambda text: print(f"raki-batch-local: {text}", file=sys.stderr), INTERRUPTED, "All jobs were terminated. Start it again.")


def run(arguments):
    """One run, and its exit code; throws Stop before anything was started."""
    options = parse(arguments)
    jobs = submitted(options)
    gpus = options.gpu_ids
    for job in jobs:
        if (count := job.resources.get("GPU", 0)) > len(gpus):
            raise Stop(Exit.UNAVAILABLE, f"Too few GPUs: found {len(gpus)}, expected {count} for an attempt of {job.name}. On this machine. "
                                         "Name them with --gpus, or ask for fewer: the job would be RUNNABLE for ever.")
    _make_folder(options.logs)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    report = Report()
    Queue(jobs, options, report, stop).run()
    succeeded = all(job.status == "SUCCEEDED" for job in jobs)
    code = Exit.DONE if succeeded else Exit.TRY_AGAIN if stop.is_set() else A_JOB_FAILED
    report.summary(jobs, code)
    return code


def _make_folder(path):
    if path:
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise Stop(Exit.CANNOT_CREATE, f"Cannot create a folder: found '{error.strerror}', expected one to write to. At {path}. "
                                           "Give --logs another.") from None


def submitted(options):
    """The jobs, in their order."""
    definitions = {}
    for path in options.definition:
        for request in definitions_in(read_json(path), path):
            check_definition(request, path)
            definitions[request["jobDefinitionName"]] = (request, path)
    jobs = {}
    for request, where in _submissions(options, definitions):
        check_submission(request, where)
        if request["jobName"] in jobs:
            raise wrong("set of jobs", f"{request['jobName']} twice", "a jobName of its own for each", where, "Rename one: dependencies name them here")
        name = definition_name(request["jobDefinition"])
        if name not in definitions:
            raise wrong("submission", f"jobDefinition {name}", f"one of {', '.join(definitions)}", where, "Give its file with --definition")
        jobs[request["jobName"]] = make_job(definitions[name][0], request, jobs, where)
    return list(jobs.values())


def _submissions(options, definitions):
    if options.submit:
        return [(read_json(path), path) for path in options.submit]
    request = {"jobQueue": "local", "parameters": options.parameters}
    if options.array_size is not None:
        request["arrayProperties"] = {"size": options.array_size}
    return [({**request, "jobName": name, "jobDefinition": name}, path) for name, (_, path) in definitions.items()]
