"""Bad input: the right exit code, one clear message, nothing left behind."""

import os
import shutil
import signal
import resource
import subprocess
import time

import h5py
import numpy as np
import pytest


def ends_with(raki, code, *arguments, says=()):
    done = raki(*arguments, code=code)
    errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    assert len(errors) == 1, done.stderr
    for word in says:
        assert word in errors[0], errors[0]
    assert done.stdout == ""
    return done


def recon(raki, code, file, folder, *options, says=()):
    done = ends_with(raki, code, "recon", file, "-o", folder / "out", *options, says=says)
    assert not (folder / "out").exists()
    assert not [p for p in folder.iterdir() if p.name.startswith(".out")], "a staging folder was left behind"
    return done


def test_usage(raki, phantom, tmp_path):
    scan = phantom / "scan.h5"
    recon(raki, 64, scan, tmp_path, "--methd", "linear", says=["--method"])
    recon(raki, 64, scan, tmp_path, "--method", "lineer", says=["linear"])
    recon(raki, 64, scan, tmp_path, "--slices", "3", says=["A:B"])
    recon(raki, 64, scan, tmp_path, "--slices", "7:9", says=["2 frames"])
    recon(raki, 64, scan, tmp_path, "--syntax", "205", says=["205"])
    recon(raki, 64, scan, tmp_path, "--output", "dicom,tiff", says=["tiff"])
    recon(raki, 64, scan, tmp_path, "--threads", "-1")
    ends_with(raki, 64, "reconn", scan, says=["Unknown command reconn", "Did you mean 'recon'"])
    ends_with(raki, 64)


@pytest.mark.parametrize("options", [
    ("--output", ""), ("--detail", "nan"), ("--detail", "9"), ("--regularisation", "nan"), ("--threads", "100000"),
    ("--threads", "-1"), ("-o", "")], ids=" ".join)
def test_values_no_option_takes(raki, phantom, tmp_path, options):
    ends_with(raki, 64, "recon", phantom / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled", *options)
    assert list(tmp_path.iterdir()) == []


def test_no_method_to_evaluate(raki, phantom):
    ends_with(raki, 64, "evaluate", phantom / "truth.h5", "-m", "")


@pytest.mark.parametrize("options", [
    ("--coils", 0), ("--oversampling", 0), ("--fov-x", 0), ("--thickness", -1), ("--read-dir", "1,2"), ("--truth", "keep.h5")],
    ids=lambda options: options[0])
def test_a_phantom_that_cannot_be_made_leaves_what_is_there(raki, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keep.h5").write_text("precious")
    ends_with(raki, 64, "phantom", "-o", "keep.h5", *options)
    assert [p.name for p in tmp_path.iterdir()] == ["keep.h5"]
    assert (tmp_path / "keep.h5").read_text() == "precious"


def test_a_phantom_without_room_for_its_truth_is_not_written(raki, tmp_path):
    ends_with(raki, 73, "phantom", "-o", tmp_path / "scan.h5", "--truth", tmp_path / "nowhere" / "truth.h5")
    assert list(tmp_path.iterdir()) == []


def test_decode_writes_over_no_file(raki, phantom, tmp_path):
    raki("recon", phantom / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled")
    for name in ("a.raw", "a.npy", "a.png"):
        (tmp_path / name).write_text("precious")
        ends_with(raki, 73, "decode", tmp_path / "out/series001/image0001.dcm", "-o", tmp_path / name)
        assert (tmp_path / name).read_text() == "precious"


def test_decode_leaves_no_folder_it_put_nothing_in(raki, phantom, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.dcm").write_text("no image")
    ends_with(raki, 65, "decode", tmp_path / "in", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    ends_with(raki, 65, "decode", tmp_path / "in", "-o", tmp_path / "out")
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize("option, name", [
    ("--plot", "there.png"), ("--npy", "there.npy"), ("--noise-map", "there.npy"), ("--plot", "nowhere/new.png")])
def test_evaluate_refuses_its_files_before_it_works(raki, phantom, tmp_path, option, name):
    (tmp_path / "there.png").write_text("precious")
    (tmp_path / "there.npy").write_text("precious")
    start = time.monotonic()
    ends_with(raki, 73, "evaluate", phantom / "truth.h5", "--method", "raki-2019", "--iterations", 100000, option, tmp_path / name)
    assert time.monotonic() - start < 20


def test_missing_input(raki, tmp_path):
    recon(raki, 66, tmp_path / "nothing.h5", tmp_path, says=["nothing.h5"])
    assert not (tmp_path / "nothing.h5").exists()


def test_output_folder(raki, phantom, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep")
    ends_with(raki, 73, "recon", phantom / "scan.h5", "-o", full, "--method", "zero-filled", says=["nor a former result"])
    ends_with(raki, 73, "recon", phantom / "scan.h5", "-o", full, "--method", "zero-filled", "--overwrite", says=["recon.json"])
    assert (full / "mine.txt").read_text() == "keep"
    ends_with(raki, 73, "recon", phantom / "scan.h5", "-o", full / "mine.txt", "--method", "zero-filled")
    ends_with(raki, 73, "recon", phantom / "scan.h5", "-o", "/proc/raki", "--method", "zero-filled")
    result = tmp_path / "result"
    raki("recon", phantom / "scan.h5", "-o", result, "--method", "zero-filled")
    ends_with(raki, 73, "recon", phantom / "scan.h5", "-o", result, "--method", "zero-filled", says=["add --overwrite"])
    raki("recon", phantom / "scan.h5", "-o", result, "--method", "zero-filled", "--output", "npy", "--overwrite")
    assert sorted(p.name for p in result.iterdir()) == ["image.npy", "recon.json"]


def test_no_gpu_is_an_error_and_not_a_silent_cpu_run(raki, phantom, tmp_path):
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU")
    recon(raki, 69, phantom / "scan.h5", tmp_path, "--device", "cuda", says=["--device"])


def copy_of(phantom, folder, change):
    """The phantom with one thing changed by `change(h5py.File)`."""
    file = folder / "changed.h5"
    shutil.copy(phantom / "scan.h5", file)
    with h5py.File(file, "r+") as f:
        change(f)
    return file


def change_heads(field, value, rows=slice(None)):
    def change(f):
        table = f["dataset/data"][:]
        table["head"][field][rows] = value
        f["dataset/data"][:] = table

    return change


def change_counter(counter, value, row):
    def change(f):
        table = f["dataset/data"][:]
        table["head"]["idx"][counter][row] = value
        f["dataset/data"][:] = table

    return change


def spoil_sample(value):
    def change(f):
        table = f["dataset/data"][:]
        samples = table["data"][-5].copy()
        samples[40] = value
        table["data"][-5] = samples
        f["dataset/data"][:] = table

    return change


@pytest.mark.parametrize("change, says", [
    (lambda f: f["dataset"].pop("data"), ""),
    (change_heads("number_of_samples", 65535), ""),
    (change_heads("number_of_samples", 0), ""),
    (change_counter("kspace_encode_step_1", 60000, -3), "60000"),
    (spoil_sample(np.float32("nan")), "readout"),
    (spoil_sample(np.float32("inf")), "readout"),
], ids=["no acquisitions", "too many samples", "no samples", "counter out of range", "NaN", "infinite"])
def test_bad_content(raki, phantom, tmp_path, change, says):
    recon(raki, 65, copy_of(phantom, tmp_path, change), tmp_path, "--method", "zero-filled", says=[says])


def test_not_hdf5(raki, tmp_path):
    (tmp_path / "text.h5").write_text("this is not a scan")
    recon(raki, 65, tmp_path / "text.h5", tmp_path, says=["text.h5"])
    (tmp_path / "empty.h5").write_bytes(b"")
    recon(raki, 65, tmp_path / "empty.h5", tmp_path)


def test_truncated(raki, phantom, tmp_path):
    content = (phantom / "scan.h5").read_bytes()
    for part in (0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.h5").write_bytes(content[: int(len(content) * part)])
        recon(raki, 65, tmp_path / "cut.h5", tmp_path, "--method", "zero-filled")


def test_calibration_too_small(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "few.h5", "--matrix-x", 64, "--matrix-y", 64, "--slices", 1, "--acs", 3)
    for method in ("linear", "grappa", "raki-2019", "rraki", "iraki", "raki"):
        recon(raki, 65, tmp_path / "few.h5", tmp_path, "--method", method, says=["zero-filled"])


@pytest.mark.parametrize("name", ["spiral.h5", "images_only.h5", "lfs_pointer.h5"])
def test_must_reject(raki, data, tmp_path, name):
    def peak_and_seconds(*arguments):
        start = time.monotonic()
        child = subprocess.Popen([raki.path, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, usage.ru_maxrss / 1024, time.monotonic() - start

    file = data / "must_reject" / name
    recon(raki, 65, file, tmp_path, says=[name])
    _, version_mb, _ = peak_and_seconds("--version")
    code, mb, seconds = peak_and_seconds("recon", file, "-o", tmp_path / "out")
    assert code == 65
    assert mb < version_mb + 50
    assert seconds < 2


@pytest.mark.parametrize("name", ["epi.h5", "epi_xsl_epi.h5"])
def test_epi_is_refused_by_name(raki, data, tmp_path, name):
    recon(raki, 65, data / "siemens_skyra_gre_epi" / name, tmp_path, says=["EPI", "phase correction"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_cleanly(raki, phantom, tmp_path, number):
    run = subprocess.Popen([raki.path, "recon", phantom / "scan.h5", "-o", tmp_path / "out", "--method", "raki-2019",
                            "--iterations", "1000000"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 75, errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kilobytes", [60, 200])  # no room for the images, and for the file
@pytest.mark.parametrize("output", ["npy", "mrd", "cfl", "nii", "dicom"])
def test_without_room_nothing_is_left_behind(raki, phantom, tmp_path, output, kilobytes):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kilobytes,) * 2)
    done = subprocess.run([raki.path, "recon", phantom / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled", "--output", output],
                          preexec_fn=limit, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:  # files of less than the limit
        assert kilobytes == 200
        return
    assert done.returncode == 74 and len([line for line in done.stderr.splitlines() if " error " in line]) == 1, done.stderr
    assert list(tmp_path.iterdir()) == []
