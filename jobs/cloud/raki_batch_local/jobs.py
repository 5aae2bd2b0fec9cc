"""Jobs: what a definition and a submission make together."""

import dataclasses
import re
import uuid

from .requests import wrong

REFERENCE = re.compile(r"Ref::([A-Za-z0-9_-]+)")


@dataclasses.dataclass(eq=False)
class Job:
    """A submitted job. `size` is None where it is no array; it then has one child, itself."""

    name: str
    queue: str
    size: int | None
    command: list[str]
    environment: dict[str, str]
    resources: dict[str, int]  # GPU, VCPU, MEMORY (MiB)
    strategy: dict
    timeout: int | None  # seconds an attempt
    properties: dict  # containerProperties
    job_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    after: list["Job"] = dataclasses.field(default_factory=list)  # all of it must have succeeded
    pairs: list["Job"] = dataclasses.field(default_factory=list)  # N_TO_N
    sequential: bool = False
    children: list["Child"] = dataclasses.field(default_factory=list)

    @property
    def status(self):
        """Of the parent: FAILED where a child is."""
        return "SUCCEEDED" if all(child.status == "SUCCEEDED" for child in self.children) else "FAILED"


@dataclasses.dataclass(eq=False)
class Child:
    """What is run: one index of an array, or a job that is none (index None)."""

    job: Job
    index: int | None
    status: str = "PENDING"
    attempts: int = 0

    @property
    def job_id(self):
        return self.job.job_id if self.index is None else f"{self.job.job_id}:{self.index}"


def make_job(definition, request, before, where):
    """`before`: the jobs submitted earlier, by name. Throws Stop where something names what is not there."""
    properties = definition["containerProperties"]
    overrides = request.get("containerOverrides", {})
    parameters = {**definition.get("parameters", {}), **request.get("parameters", {})}
    command = overrides.get("command") or properties.get("command", [])
    job = Job(name=request["jobName"], queue=request["jobQueue"].rsplit("/", 1)[-1], size=request.get("arrayProperties", {}).get("size"),
              command=[_filled(argument, parameters, where) for argument in command],
              environment={one["name"]: one.get("value", "") for one in properties.get("environment", []) + overrides.get("environment", [])},
              resources=_resources(properties) | _resources(overrides),
              strategy=request.get("retryStrategy") or definition.get("retryStrategy", {}),
              timeout=(request.get("timeout") or definition.get("timeout", {})).get("attemptDurationSeconds"),
              properties=properties)
    job.children = [Child(job, index) for index in ([None] if job.size is None else range(job.size))]
    for dependency in request.get("dependsOn", []):
        _depend(job, dependency, before, where)
    return job


def definition_name(text):
    """NAME of NAME, NAME:REVISION or an ARN of either."""
    return text.rsplit("/", 1)[-1].split(":")[0]


def _filled(argument, parameters, where):
    """A placeholder is a whole argument, as in all of AWS's examples; one without a value would arrive as it stands, which nobody wants."""
    reference = REFERENCE.fullmatch(argument)
    if reference is None:
        if "Ref::" in argument:
            raise wrong("command", f"'{argument}'", "Ref::NAME as an argument of its own", where, "Split the argument")
        return argument
    if reference[1] not in parameters:
        raise wrong("command", f"{argument} without a value", "a parameter of that name", where, "Add it to parameters of definition or submission")
    return parameters[reference[1]]


def _resources(properties):
    old = {kind: properties[name] for kind, name in (("VCPU", "vcpus"), ("MEMORY", "memory")) if name in properties}
    return old | {one["type"]: int(one["value"]) for one in properties.get("resourceRequirements", [])}


def _depend(job, dependency, before, where):
    """A jobId is here the jobName of a job that was submitted before: real ids are not known in advance."""
    kind, name = dependency.get("type"), dependency.get("jobId")
    if kind == "SEQUENTIAL":
        if name is not None or job.size is None:
            raise wrong("dependency", "SEQUENTIAL with a jobId or without an array", "an array and no jobId", where, "Leave out one of them")
        job.sequential = True
        return
    if name not in before:
        raise wrong("dependency", f"jobId {name}", f"the jobName of a job submitted before ({', '.join(before) or 'there is none'})", where,
                    "Give --submit in the order of the dependencies")
    other = before[name]
    if kind == "N_TO_N":
        if job.size is None or job.size != other.size:
            raise wrong("dependency", f"N_TO_N of sizes {job.size} and {other.size}", "two arrays of one size", where, "Leave out the type to wait for all")
        job.pairs.append(other)
    else:
        job.after.append(other)
