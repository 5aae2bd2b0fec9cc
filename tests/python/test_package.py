"""The package itself: help, types, the command line, and a wheel that works in a clean environment."""

import inspect
import os
import pydoc
import re
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

import raki
from built_package import BUILD, PACKAGE, ROOT

SOURCES = ROOT / "jobs/python/raki"
public = [getattr(raki, name) for name in raki.__all__ if callable(getattr(raki, name))]


@pytest.mark.parametrize("thing", public, ids=lambda t: t.__name__)
def test_everything_public_says_what_it_is(thing):
    assert thing.__doc__ and len(thing.__doc__.strip()) > 15
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        assert signature.return_annotation is not inspect.Signature.empty
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty, parameter.name


def test_help_names_everything():
    text = pydoc.plain(pydoc.render_doc(raki))
    overview = raki.__doc__
    for name in raki.__all__:
        assert name in text
    for function in (f for f in public if inspect.isfunction(f)):
        assert function.__name__ in overview, function.__name__


@pytest.mark.parametrize("of", ["reconstruct", "interpolate", "read_scan", "write", "evaluate", "phantom"])
def test_options_are_those_of_the_command_line(raki_program, of):
    command = {"reconstruct": "recon", "interpolate": "recon", "read_scan": "recon", "write": "recon"}.get(of, of)
    help_text = subprocess.run([raki_program, command, "--help"], capture_output=True, text=True, check=True).stdout
    words = " ".join(help_text.split())
    rows = raki.options(of)
    assert rows
    for name, default, meaning in rows:
        dashed = name.replace("_", "-")
        assert f"--{dashed}" in words or f"--no-{dashed}" in words, name
        assert " ".join(meaning.split()) in words
    assert rows[0][0] in repr(rows)


def test_types_are_told(tmp_path):
    """Every name of the engine is in its stub, and a type checker finds nothing to say about the package."""
    from raki import _engine

    stub = (SOURCES / "_engine.pyi").read_text()
    declared = set(re.findall(r"^(?:class|def) (\w+)|^(\w+):", stub, re.MULTILINE))
    declared = {a or b for a, b in declared}
    assert declared == {name for name in dir(_engine) if not name.startswith("_")}
    for name in declared:
        if inspect.isclass(getattr(_engine, name)):
            body = stub.split(f"class {name}:")[1].split("\n\n")[0]
            members = set(re.findall(r"def (\w+)|^    (\w+):", body, re.MULTILINE))
            known = {a or b for a, b in members if not (a or b).startswith("_")}
            assert known == {m for m in dir(getattr(_engine, name)) if not m.startswith("_")}, name
    assert (SOURCES / "py.typed").exists()
    check = subprocess.run([sys.executable, "-m", "mypy", "--ignore-missing-imports", "--explicit-package-bases",
                            "--cache-dir", tmp_path, SOURCES], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def test_the_command_line_is_there(raki_program):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    version = subprocess.run([sys.executable, "-m", "raki", "--version"], capture_output=True, text=True, env=environment, cwd="/")
    assert version.returncode == 0 and f"raki {raki.__version__}" in version.stdout
    wrong = subprocess.run([sys.executable, "-m", "raki", "recon"], capture_output=True, text=True, env=environment, cwd="/")
    assert wrong.returncode == 64


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory):
    """An environment that has what the wheel depends on, and raki from its wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "RAKI_BUILD": str(BUILD)}
    made = subprocess.run([ROOT / "jobs/python/make_wheel", folder, sys.executable], capture_output=True, text=True, env=environment)
    assert made.returncode == 0, made.stderr
    (wheel,) = folder.glob("raki-*-manylinux*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "clean"], check=True)
    (packages,) = (folder / "clean/lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([sys.executable, "-m", "pip", "--python", folder / "clean/bin/python", "install", "-q", "--no-deps",
                    wheel], check=True, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})
    return folder, wheel


def test_the_wheel_brings_the_engines_libraries_and_not_torchs(clean_python):
    _, wheel = clean_python
    names = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True).stdout
    for brought in ("libhdf5", "libismrmrd", "libdcmdata", "libopenjph", "_engine.pyi", "py.typed", "bin/raki", "dicom.dic"):
        assert brought in names, brought
    for left in ("libtorch", "libc10", "libcufft", "libcudart", "libnv"):
        assert left not in names, left
    assert wheel.stat().st_size < 60e6


def test_the_wheel_works_in_a_clean_environment(clean_python, scan_file, kspace, phantom, tmp_path):
    folder, _ = clean_python
    np.savez(tmp_path / "scan.npz", kspace=kspace, mask=phantom.mask)
    program = (f"import numpy, raki\n"
               f"assert raki.__file__.startswith({str(folder)!r}), raki.__file__\n"
               f"d = numpy.load({str(tmp_path / 'scan.npz')!r})\n"
               f"numpy.save({str(tmp_path / 'image.npy')!r}, raki.reconstruct(d['kspace'], d['mask'], 'linear').image)\n"
               f"r = raki.reconstruct(raki.read_scan({str(scan_file)!r}), method='linear')\n"
               f"raki.write_dicom(r, {str(tmp_path / 'images')!r})\n"
               f"print(raki.decode({str(tmp_path / 'images/series001/image0001.dcm')!r}).shape)\n")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_LIBRARY_PATH")}
    python = folder / "clean/bin/python"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "(96, 96)\n", done.stderr
    assert np.array_equal(np.load(tmp_path / "image.npy"), raki.reconstruct(kspace, phantom.mask, "linear").image)
    for command in ([folder / "clean/bin/raki"], [python, "-m", "raki"]):
        info = subprocess.run([*command, "info", scan_file], capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert info.returncode == 0 and "R = 4" in info.stdout, info.stderr


def test_what_cannot_be_built_says_so(tmp_path):
    script = ROOT / "jobs/python/make_wheel"
    assert subprocess.run([script], capture_output=True).returncode == 64
    bare = tmp_path / "python3"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    refused = subprocess.run([script, tmp_path / "out", bare], capture_output=True, text=True)
    assert refused.returncode == 69 and "auditwheel" in refused.stderr


def test_defaults_in_signatures_are_the_engines():
    """They stand there for the reader; the engine's structs have the word."""
    from raki import _engine

    told = {of: {name: default for name, default, _ in raki.options(of)} for of in ("reconstruct", "write", "evaluate")}
    defaults = lambda function: {n: p.default for n, p in inspect.signature(function).parameters.items()}  # noqa: E731
    assert defaults(raki.reconstruct)["method"] == defaults(raki.interpolate)["method"] == told["reconstruct"]["method"]
    assert defaults(raki.write)["output"] == told["write"]["output"]
    assert [str(defaults(raki.evaluate)[name]) for name in ("acceleration", "acs")] == \
           [told["evaluate"][name] for name in ("acceleration", "acs")]
    network = defaults(raki.Network.__init__)
    layers = _engine.published_design("raki-2019")[0].layers
    assert tuple(network[name] for name in ("kernel", "features", "kernel_out", "initial_sd")) == layers
