"""A bundle (jobs/cluster/bundle) runs from another folder, in an empty environment, on nothing of the build tree."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build")).resolve()
MOST_BYTES = 32 * 2**20
# What a machine has itself: glibc and the C++ runtime.
OF_THE_MACHINE = re.compile(
    r"(ld-linux-x86-64|lib(c|m|dl|pthread|rt|util|resolv|mvec|stdc\+\+|gcc_s))\.so|linux-vdso")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BUILD / "bin/raki").exists(), reason=f"{BUILD}/bin/raki is not built"),
]


def run(command, **environment):
    """In an environment that holds nothing but a path and what is given."""
    return subprocess.run([str(word) for word in command], env={"PATH": "/usr/bin:/bin", **environment},
                          capture_output=True, text=True, cwd="/", timeout=120)


def make_bundle(out):
    return subprocess.run([str(ROOT / "jobs/cluster/bundle"), str(BUILD), str(out)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    out = tmp_path_factory.mktemp("packed") / "raki.tar.gz"
    made = make_bundle(out)
    assert made.returncode == 0, made.stderr
    return out


@pytest.fixture(scope="module")
def bundle(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("another folder")
    subprocess.run(["tar", "-C", folder, "-xzf", packed], check=True)
    return folder / "raki"


def python_program(folder, options):
    """A Python of which only this is known to the start script: a program that runs this one with `options`."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
    program.chmod(0o755)
    return program


def test_starts_in_an_empty_environment(bundle):
    started = run([bundle / "raki", "--version"], RAKI_PYTHON=sys.executable)
    assert started.returncode == 0, started.stderr
    assert "LibTorch 2." in started.stdout


def test_starts_through_a_link(bundle, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "raki").symlink_to(bundle / "raki")
    assert run([folder / "raki", "--version"], RAKI_PYTHON=sys.executable).returncode == 0


def test_carries_what_an_array_needs(bundle):
    assert (bundle / "raki.sbatch").read_bytes() == (ROOT / "jobs/cluster/raki.sbatch").read_bytes()
    told = run([sys.executable, bundle / "cloud" / "raki-job", "run", "--help"])
    assert told.returncode == 0 and "--scratch" in told.stdout, told.stderr
    told = run([sys.executable, bundle / "cloud" / "raki-job", "fetch-imageset", "--help"])
    assert told.returncode == 0 and "--datastore" in told.stdout, told.stderr


def test_hands_arguments_and_exit_code_through(bundle):
    assert run([bundle / "raki", "no such command"], RAKI_PYTHON=sys.executable).returncode == 64


def test_is_small(packed):
    assert packed.stat().st_size <= MOST_BYTES


def test_loads_nothing_from_elsewhere(bundle, tmp_path):
    """What the loader says about the program itself (one file a process): bundle, LibTorch, NVIDIA, glibc and C++."""
    run([bundle / "raki", "--version"], RAKI_PYTHON=sys.executable, LD_DEBUG="libs", LD_DEBUG_OUTPUT=str(tmp_path / "ld"))
    reports = [file.read_text() for file in tmp_path.glob("ld.*")]
    of_program = [text for text in reports if f"initialize program: {bundle}/bin/raki" in text]
    assert len(of_program) == 1
    loaded = re.findall(r"calling init: (\S.*)", of_program[0])
    import torch
    ours = [path for path in loaded if path.startswith(str(bundle / "lib"))]
    torch_folder = str(pathlib.Path(torch.__file__).parents[1])
    strangers = [path for path in loaded if path not in ours and not path.startswith(torch_folder)
                 and not OF_THE_MACHINE.match(pathlib.Path(path).name)]
    assert any("libhdf5" in path for path in ours) and any("libdcmdata" in path for path in ours)
    assert strangers == []
    assert not any(str(BUILD) in path for path in loaded)


def test_names_no_folder_of_the_build(bundle):
    for file in [*(bundle / "bin").iterdir(), *(bundle / "lib").glob("libraki*")]:
        dynamic = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, check=True).stdout
        assert "RUNPATH" not in dynamic and "RPATH" not in dynamic, file


def test_carries_the_dictionary_of_dicom(bundle):
    assert "(0008,0005)" in (bundle / "share/dicom.dic").read_text()


def test_carries_the_gpu_tests(bundle):
    tested = run([bundle / "gpu_device_tests"], RAKI_PYTHON=sys.executable)
    assert tested.returncode == 0, tested.stdout
    assert "FAILED" not in tested.stdout


def test_reconstructs(bundle, tmp_path):
    scan, out = tmp_path / "phantom.h5", tmp_path / "out"
    made = run([bundle / "raki", "phantom", "-o", scan], RAKI_PYTHON=sys.executable)
    assert made.returncode == 0, made.stderr
    done = run([bundle / "raki", "recon", scan, "-o", out, "--method", "zero-filled"], RAKI_PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert list(out.rglob("*.dcm"))


def test_says_that_python_is_missing(bundle):
    started = run([bundle / "raki", "--version"], RAKI_PYTHON="/no/such/python")
    assert (started.returncode, started.stdout) == (78, "")
    assert "/no/such/python" in started.stderr and "RAKI_PYTHON" in started.stderr


def test_says_that_torch_is_missing(bundle, tmp_path):
    started = run([bundle / "raki", "--version"], RAKI_PYTHON=str(python_program(tmp_path, "-S -E")))
    assert started.returncode == 78
    assert "no package torch" in started.stderr


def test_says_that_torch_is_another_version(bundle, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").touch()
    (tmp_path / "torch-1.9.0.dist-info").mkdir()
    (tmp_path / "torch-1.9.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.9.0\n")
    started = run([bundle / "raki", "--version"], PYTHONPATH=str(tmp_path),
                  RAKI_PYTHON=str(python_program(tmp_path, "-S")))
    assert started.returncode == 78
    assert re.search(r"found torch 1\.9\.0 .* expected 2\.\d+\.\*", started.stderr)


def test_overwrites_nothing(tmp_path):
    (tmp_path / "mine").write_text("kept")
    made = make_bundle(tmp_path / "mine")
    assert made.returncode == 73
    assert (tmp_path / "mine").read_text() == "kept"
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
