"""Requests to AWS Batch, checked as the service checks them: shapes by the service's own model, then its documented limits."""

import functools
import re

import botocore.exceptions
import botocore.serialize
import botocore.session

from raki_cloud.exits import Exit, Stop

MOST_BYTES = {"RegisterJobDefinition": 24 * 1024, "SubmitJob": 30 * 1024}
ARRAY_SIZES = range(2, 10_001)
ATTEMPTS = range(1, 11)
MOST_ENTRIES = 5
MOST_DEPENDENCIES = 20
LEAST_TIMEOUT = 60  # seconds
LONGEST_PATTERN = 512
PATTERNS = {"onExitCode": r"[0-9]*\*?", "onReason": r"[A-Za-z0-9.:\s]*\*?", "onStatusReason": r"[A-Za-z0-9.:\s]*\*?"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
RESERVED = "AWS_BATCH"
LEAST_MEMORY = 4  # MiB


@functools.cache
def _model():
    return botocore.session.Session().get_service_model("batch")


def check_definition(request, where):
    """Throws Stop where RegisterJobDefinition would refuse it, or where it is of a kind that is not run here."""
    _check_shape("RegisterJobDefinition", request, where)
    _check_name(request["jobDefinitionName"], where)
    if request["type"] != "container" or "containerProperties" not in request:
        raise wrong("kind of job", f"type {request['type']} with {', '.join(sorted(request.keys() - {'type'}))}",
                    "type container with containerProperties", where, "Several nodes, EKS and ecsProperties are not run here")
    properties = request["containerProperties"]
    if not properties.get("image"):
        raise wrong("container", "no image", "one", where, "Add containerProperties.image")
    _check_environment(properties, where)
    _check_resources(properties, where)
    _check_rules(request, where)


def check_submission(request, where):
    """Throws Stop where SubmitJob would refuse it."""
    _check_shape("SubmitJob", request, where)
    _check_name(request["jobName"], where)
    for key in ("nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride"):
        if key in request:
            raise wrong("kind of job", key, "containerOverrides", where, "Several nodes, EKS and ecsProperties are not run here")
    size = request.get("arrayProperties", {}).get("size")
    if size is not None and size not in ARRAY_SIZES:
        raise wrong("array size", size, f"{ARRAY_SIZES[0]} to {ARRAY_SIZES[-1]}", where, "Submit a job without arrayProperties for one unit")
    if (count := len(request.get("dependsOn", []))) > MOST_DEPENDENCIES:
        raise wrong("dependencies", count, f"at most {MOST_DEPENDENCIES}", where, "Let a job in between depend on some of them")
    _check_environment(request.get("containerOverrides", {}), where)
    _check_values(request.get("containerOverrides", {}), where)
    _check_rules(request, where)


def wrong(what, found, expected, where, do):
    return Stop(Exit.CONFIGURATION, f"AWS Batch would refuse the {what}: found {found}, expected {expected}. At {where}. {do}.")


def _check_shape(operation, request, where):
    model = _model().operation_model(operation)
    serializer = botocore.serialize.create_serializer(_model().protocol)
    try:
        body = serializer.serialize_to_request(request, model)["body"]
    except botocore.exceptions.ParamValidationError as error:
        found = "; ".join(str(error).splitlines()[1:])
        raise wrong("request", found, f"the shape of {operation}", where, f"Correct it; aws batch help lists the parameters of {operation}") from None
    if len(body) > MOST_BYTES[operation]:
        raise wrong("request", f"{len(body)} bytes", f"at most {MOST_BYTES[operation]} for {operation}", where, "Put lists into a manifest on S3")
    _check_enumerations(model.input_shape, request, where)


def _check_enumerations(shape, value, where):
    """botocore leaves them to the service. RetryAction is the one that the service takes in any case."""
    if shape.type_name == "structure":
        for key, member in value.items():
            _check_enumerations(shape.members[key], member, where)
    elif shape.type_name == "list":
        for member in value:
            _check_enumerations(shape.member, member, where)
    elif getattr(shape, "enum", None) and (value.upper() if shape.name == "RetryAction" else value) not in shape.enum:
        raise wrong(shape.name, f"'{value}'", " or ".join(shape.enum), where, "Write one of these")


def _check_name(name, where):
    if not NAME.fullmatch(name):
        raise wrong("name", f"'{name}'", "1 to 128 letters, digits, - and _, a letter or digit first", where, "Choose another name")


def _check_environment(properties, where):
    for one in properties.get("environment", []):
        if one.get("name", "").startswith(RESERVED):
            raise wrong("environment", one["name"], f"no name that begins with {RESERVED}", where, "The service sets these itself: leave it out")


def _check_resources(properties, where):
    found = _check_values(properties, where)
    missing = {"VCPU": "vcpus", "MEMORY": "memory"}.items()
    if lacking := [kind for kind, old_name in missing if kind not in found and old_name not in properties]:
        raise wrong("resources", f"no {' and no '.join(lacking)}", "both VCPU and MEMORY", where, "Add them to resourceRequirements")


def _check_values(properties, where):
    """The kinds of resources; each value must be a whole number as text."""
    for one in properties.get("resourceRequirements", []):
        least = LEAST_MEMORY if one["type"] == "MEMORY" else 1
        if not one["value"].isdecimal() or int(one["value"]) < least:
            raise wrong(one["type"], f"'{one['value']}'", f"a whole number from {least} on, as text", where, "Correct resourceRequirements")
    return {one["type"] for one in properties.get("resourceRequirements", [])}


def _check_rules(request, where):
    """retryStrategy and timeout, which a definition and a submission share."""
    strategy = request.get("retryStrategy", {})
    attempts, entries = strategy.get("attempts"), strategy.get("evaluateOnExit", [])
    if attempts is not None and attempts not in ATTEMPTS:
        raise wrong("retryStrategy", f"{attempts} attempts", f"{ATTEMPTS[0]} to {ATTEMPTS[-1]}", where, "Change attempts")
    if entries and attempts is None:
        raise wrong("retryStrategy", "evaluateOnExit without attempts", "both", where, "Add attempts")
    if len(entries) > MOST_ENTRIES:
        raise wrong("evaluateOnExit", f"{len(entries)} entries", f"at most {MOST_ENTRIES}", where, "Join some with an asterisk")
    for entry in entries:
        _check_entry(entry, where)
    seconds = request.get("timeout", {}).get("attemptDurationSeconds")
    if seconds is not None and seconds < LEAST_TIMEOUT:
        raise wrong("timeout", f"{seconds} s", f"at least {LEAST_TIMEOUT}", where, "For a rehearsal with less give --timeout")


def _check_entry(entry, where):
    conditions = entry.keys() & PATTERNS.keys()
    if not conditions:
        raise wrong("evaluateOnExit", "an entry without a condition", f"one of {', '.join(PATTERNS)}", where, "Add one; onReason '*' takes all")
    for condition in conditions:
        pattern = entry[condition]
        if not pattern or len(pattern) > LONGEST_PATTERN or not re.fullmatch(PATTERNS[condition], pattern):
            raise wrong(condition, f"'{pattern}'", "digits" if condition == "onExitCode" else "letters, digits, '.', ':' and spaces", where,
                        f"Only an asterisk at the end may follow them, and at most {LONGEST_PATTERN} characters")
