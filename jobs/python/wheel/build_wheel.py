"""The build backend: scikit-build-core, told where LibTorch is and whether the engine is built already.

pip builds in an environment of its own, where the torch of the environment it installs into cannot be imported; it lies
there all the same. Only where there is none, pip has to bring it (3 GB).
"""

import os
import pathlib
import re
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
    """A build folder of this tree for this Python ($RAKI_BUILD, else build/), or None."""
    folder = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))
    engine = folder / "python/raki" / ("_engine" + sysconfig.get_config_var("EXT_SUFFIX"))
    cache = folder / "CMakeCache.txt"
    ours = cache.exists() and f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" in cache.read_text()
    return folder if ours and engine.exists() else None


def get_requires_for_build_wheel(config_settings=None):
    wanted = list(backend.get_requires_for_build_wheel(config_settings))
    return wanted if existing_build() or installed_torch() else [*wanted, TORCH]


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
