"""JSON files: requests as the service takes them, and job definitions as Terraform plans or keeps them."""

import json

from raki_cloud.exits import Exit, Stop, from_os_error

from .requests import wrong

TERRAFORM_TYPE = "aws_batch_job_definition"


def read_json(path):
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise from_os_error(error, path) from None
    except ValueError as error:
        raise Stop(Exit.CONFIGURATION, f"Not JSON: found {error}, expected a request. At {path}. Correct it.") from None
    if not isinstance(document, dict):
        raise Stop(Exit.CONFIGURATION, f"No request: found a {type(document).__name__}, expected a JSON object. At {path}. Correct it.")
    return document


def definitions_in(document, where):
    """RegisterJobDefinition requests: the document itself, or those in the output of `terraform show -json` (a plan or a state)."""
    if "terraform_version" not in document:
        return [document]
    values = document.get("planned_values") or document.get("values") or {}
    found = [_from_terraform(resource, where) for resource in _resources(values.get("root_module", {})) if resource["type"] == TERRAFORM_TYPE]
    if not found:
        raise Stop(Exit.CONFIGURATION, f"No job definition: found no resource {TERRAFORM_TYPE}, expected one or more. At {where}. "
                                       "Give `terraform show -json` of a plan or a state that has one.")
    return found


def _resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _from_terraform(resource, where):
    values = resource["values"]
    if not values.get("container_properties"):
        raise wrong("job definition", f"no container_properties known for {resource['address']}", "their JSON", where,
                    "A plan does not know what depends on resources yet to be made: give the state after apply")
    request = {"jobDefinitionName": values.get("name"), "type": values.get("type"), "parameters": values.get("parameters"),
               "platformCapabilities": values.get("platform_capabilities"), "containerProperties": _without_nulls(json.loads(values["container_properties"])),
               "retryStrategy": _only(values.get("retry_strategy")), "timeout": _only(values.get("timeout"))}
    return {key: value for key, value in request.items() if value}


def _without_nulls(value):
    """As the provider sends it: arguments of jsonencode that are null are not sent."""
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return value


def _only(block):
    """A nested block, which Terraform keeps as a list of at most one, with the service's names; unset arguments are left out."""
    return _renamed(block[0]) if block else None


def _renamed(value):
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {_camel(key): _renamed(one) for key, one in value.items() if one not in (None, "")}


def _camel(name):
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))
