"""The build backend: scikit-build-core, told where LibTorch is and whether the engine is built already.

pip builds in an environment of its own, where the torch of the environment it installs into cannot be imported; it lies
there all the same. Only where there is none, pip has to bring it (3 GB).
"""

import os
import pathlib
import re
import subprocess
import sys
import sysconfig

from scikit_build_core import build as backend

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TORCH = re.search(r'"(torch==[^"]+)"', (HERE.parent / "pyproject.toml").read_text()).group(1)


def installed_torch():
    """The folder that has the wanted torch, of the environment or as pip brought it; or None."""
    name, version = TORCH.split("==")
    for folder in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path):
        if next(pathlib.Path(folder).glob(f"{name}-{version}*.dist-info"), None):
            return pathlib.Path(folder)
    return None


def existing_build():
    """A build folder of this tree ($RAKI_BUILD, else build/) for a Python and a torch like these, or None."""
    folder = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))
    cache = folder / "CMakeCache.txt"
    text = cache.read_text() if cache.exists() else ""
    python = re.search(r"^RAKI_PYTHON:\w+=(.+)$", text, re.MULTILINE)
    if f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" not in text or not python:
        return None
    ask = "import importlib.metadata as m, sysconfig as s; print(s.get_config_var('EXT_SUFFIX'), m.version('torch'))"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = subprocess.run([python.group(1), "-c", ask], capture_output=True, text=True, env=plain)
    return folder if told.stdout.split() == [sysconfig.get_config_var("EXT_SUFFIX"), TORCH.split("==")[1]] else None


def get_requires_for_build_wheel(config_settings=None):
    wanted = list(backend.get_requires_for_build_wheel(config_settings))
    return wanted if existing_build() or installed_torch() else [*wanted, TORCH]


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    return backend.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    # Of pip's own environment nothing but that folder: the rest hides what is installed.
    os.environ["RAKI_WHEEL_PATH"] = str(installed_torch() or "")
    os.environ["RAKI_WHEEL_PYTHON"] = sys.executable
    os.environ["RAKI_WHEEL_BUILD"] = str(existing_build() or "")
    return backend.build_wheel(wheel_directory, config_settings, metadata_directory)


def get_requires_for_build_sdist(config_settings=None):
    return backend.get_requires_for_build_sdist(config_settings)


def build_sdist(sdist_directory, config_settings=None):
    raise RuntimeError("raki is built from its whole tree: use pip install ./jobs/python, or pip wheel ./jobs/python")
