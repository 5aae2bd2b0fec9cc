"""As an application of MONAI Deploy is started: a folder in, a folder out, their names from the environment and nothing on the command line."""

import json
import os

from . import manifest

INPUTS = ("HOLOSCAN_INPUT_PATH", "MONAI_INPUTPATH")  # App SDK from 0.6 on, and before
OUTPUTS = ("HOLOSCAN_OUTPUT_PATH", "MONAI_OUTPUTPATH")


def find(environment, names):
    """The first of these variables that is set, or an empty text."""
    return next((environment[name] for name in names if environment.get(name)), "")


def is_asked_for(environment):
    return bool(find(environment, INPUTS) and find(environment, OUTPUTS))


def folders_as_manifest(environment):
    """All scans of the input folder as one unit."""
    unit = {"id": "scans", "input": os.path.abspath(find(environment, INPUTS)).rstrip("/") + "/"}
    text = json.dumps({"format": manifest.FORMAT, "output": os.path.abspath(find(environment, OUTPUTS)), "units": [unit]})
    return manifest.parse(text.encode(), "/")
