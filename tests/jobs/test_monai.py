"""What was fetched from HealthImaging is what MONAI reads: the worked example, and MONAI's own reader beside our geometry."""

import json
import pathlib
import subprocess
import sys

import job_runs
import nibabel
import numpy as np
import pytest
from monai.transforms import LoadImage
from test_health_imaging import double, fetch, originals, results, stored  # noqa: F401  fixtures

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud" / "examples" / "monai_application.py"


def test_monai_takes_an_image_set_from_folder_to_folder(double, bucket, results, tmp_path):  # noqa: F811
    image_set, = stored(double, bucket, results / "htj2k")
    folders = {"HOLOSCAN_INPUT_PATH": tmp_path / "in", "HOLOSCAN_OUTPUT_PATH": tmp_path / "out"}
    fetch(double, bucket, image_set, None, **folders)
    fetch(double, bucket, image_set, tmp_path / "array", "--as", "npy")
    image = LoadImage(reader="PydicomReader", image_only=True)(tmp_path / "in" / "series001")
    ours = np.load(tmp_path / "array" / "series001.npy")
    matrix = np.diag([-1, -1, 1, 1]) @ np.array(json.loads((tmp_path / "array" / "series001.json").read_text())["affine_lps_mm"])  # LPS to RAS
    np.testing.assert_array_equal(image.numpy(), ours.transpose(2, 1, 0))
    np.testing.assert_allclose(image.affine.numpy(), matrix, atol=1e-6)

    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, env=job_runs.environment(**folders))
    assert done.returncode == 0, done.stderr
    written = nibabel.load(tmp_path / "out" / "series001.nii.gz")
    before = originals(results / "htj2k")
    assert np.allclose(np.abs(written.header.get_zooms()), 1)
    sizes = [(n - 1) * float(d) for n, d in ((before[0].Columns, before[0].PixelSpacing[1]), (before[0].Rows, before[0].PixelSpacing[0]))]  # mm
    np.testing.assert_allclose(written.shape[:2], sizes, atol=1.5)
    assert 0.9 < written.get_fdata().max() <= 1


@pytest.mark.parametrize("names", [("HOLOSCAN_INPUT_PATH", "HOLOSCAN_OUTPUT_PATH"), ("MONAI_INPUTPATH", "MONAI_OUTPUTPATH")])
def test_raki_job_runs_as_an_application_of_monai_deploy(tmp_path, names):
    (tmp_path / "in").mkdir()
    job_runs.write_inputs(tmp_path / "in", 2)
    variables = dict(zip(names, (tmp_path / "in", tmp_path / "out")))
    run = [sys.executable, job_runs.JOB, "run", "--worker", job_runs.STUB]
    for _ in range(2):  # a repeat does nothing
        done = subprocess.run(run, capture_output=True, text=True, env=job_runs.environment(**variables))
        assert done.returncode == 0, done.stdout + done.stderr
    assert {one["path"].split("/")[0] for one in job_runs.success(tmp_path / "out" / "scans")["files"]} == {"0", "1"}
    assert subprocess.run(run, capture_output=True, env=job_runs.environment(**{names[0]: tmp_path})).returncode == 64
