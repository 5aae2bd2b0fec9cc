"""Runs a state machine of Step Functions in JSONata, as much of the language as ours speak: Task, Choice, inline Map and Fail."""

import hashlib
import json

import jsonata


class Failed(Exception):
    """A Fail state was reached; its Error."""


def execute(machine, entry, tasks):
    """The output. `tasks`: what the last word of a Task's Resource does with its arguments."""
    name, value = machine["StartAt"], entry
    while True:
        state = machine["States"][name]
        if state["Type"] == "Fail":
            raise Failed(state["Error"])
        if state["Type"] == "Choice":
            name = next((choice["Next"] for choice in state["Choices"] if evaluated(choice["Condition"], input=value) is True), state.get("Default"))
            continue
        result = _result(state, value, tasks)
        value = json.loads(json.dumps(evaluated(state["Output"], input=value, result=result) if "Output" in state else result))  # as between states
        if state.get("End"):
            return value
        name = state["Next"]


def _result(state, value, tasks):
    if state["Type"] == "Map":
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
        return [execute(state["ItemProcessor"], item, tasks) for item in evaluated(state["Items"], input=value)]
    assert state["Type"] == "Task", state["Type"]
    return tasks[state["Resource"].rpartition(":")[2]](**evaluated(state["Arguments"], input=value))


def evaluated(template, **states):
    """The template with each text of the form {% ... %} replaced by what the expression gives."""
    if isinstance(template, dict):
        return {name: evaluated(value, **states) for name, value in template.items()}
    if isinstance(template, list):
        return [evaluated(value, **states) for value in template]
    if not (isinstance(template, str) and template.startswith("{%")):
        return template
    expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("hash", lambda text, kind: hashlib.new(kind.replace("-", "").lower(), text.encode()).hexdigest())  # AWS's own, none of JSONata
    frame = expression.create_frame()
    frame.bind("states", states)
    found = expression.evaluate(None, frame)
    assert found is not None, f"nothing where Step Functions expects something: {template}"
    return found
