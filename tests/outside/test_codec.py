"""Our HTJ2K before other versions of OpenJPH and OpenJPEG (imagecodecs carries them), and theirs before ours."""

import json
import subprocess

import imagecodecs
import numpy as np
import pytest

from judges import need

COUNT, SEED = 2000, 20261122


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codestreams")
    subprocess.run([need("write_codestreams"), folder, str(COUNT), str(SEED)], check=True)
    return folder, [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]


def samples_of(folder, case):
    raw = np.fromfile(folder / f"{case['name']}.raw", "<i4").reshape(case["components"], case["height"], case["width"])
    return raw[0] if case["components"] == 1 else np.moveaxis(raw, 0, -1)


def wrong(cases, decode, skipped=lambda case: False):
    """The settings of those that come out otherwise; errors count."""
    folder, all_cases = cases
    found, tried = [], 0
    for case in all_cases:
        if skipped(case):
            continue
        tried += 1
        try:
            image = decode((folder / f"{case['name']}.j2c").read_bytes())
            same = np.array_equal(np.asarray(image, np.int64).reshape(samples_of(folder, case).shape), samples_of(folder, case))
        except Exception as error:
            same, case = False, {**case, "error": str(error)[:80]}
        if not same:
            found.append(case)
    assert tried >= COUNT // 2
    return found


def test_another_openjpeg_decodes_all(cases):
    assert wrong(cases, imagecodecs.jpeg2k_decode) == []


def test_another_openjph_decodes_all(cases):
    assert wrong(cases, imagecodecs.htj2k_decode) == []


def random_image(rng):
    dtype = rng.choice(["u1", "u2", "i2"])
    shape = tuple(int(side) for side in rng.integers(1, 2 ** rng.integers(1, 9), 2))
    limits = np.iinfo(dtype)
    image = rng.integers(limits.min, limits.max + 1, shape + ((3,) if rng.random() < 0.3 else ())).astype(dtype)
    return image if rng.random() < 0.5 else np.sort(image, axis=0)


def their_codestream(rng, image):
    """With its ending."""
    if rng.random() < 0.5:
        tile = tuple(int(max(t, side // 8)) for t, side in zip(rng.integers(8, 128, 2), image.shape)) if rng.random() < 0.3 else None
        return imagecodecs.htj2k_encode(image, reversible=True, resolutions=int(rng.integers(1, 6)), tile=tile,
                                        tlm=bool(rng.random() < 0.5)), ".j2c"
    if image.dtype == np.int16:
        image = image.view(np.uint16)
    ending = ".jp2" if rng.random() < 0.5 else ".j2k"
    return imagecodecs.jpeg2k_encode(image, level=0, reversible=True, codecformat=ending[1:], resolutions=int(rng.integers(1, 6))), ending


def test_theirs_are_decoded(tmp_path):
    rng = np.random.default_rng(SEED)
    images, files = [], []
    for number in range(400):
        image = random_image(rng)
        codestream, ending = their_codestream(rng, image)
        files.append(tmp_path / f"{number}{ending}")
        files[-1].write_bytes(codestream)
        images.append(image if ending == ".j2c" or image.dtype != np.int16 else image.view(np.uint16))
    subprocess.run([need("raki"), "decode", *files, "-o", tmp_path / "out", "--kind", "npy"], check=True, capture_output=True)
    for file, image in zip(files, images):
        np.testing.assert_array_equal(np.load(tmp_path / "out" / f"{file.stem}.npy"), image, err_msg=file.name)
