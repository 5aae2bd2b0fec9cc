"""HTJ2K codestreams before OpenJPEG's own programs."""

import json
import re
import zlib

import numpy as np
import pydicom
import pytest

from judges import run

every_series = pytest.mark.parametrize("kind,syntax", [(k, s) for k in ("full", "recon") for s in ("202", "201")])


def codestream_of(file):
    d = pydicom.dcmread(file)
    frames = list(pydicom.encaps.generate_frames(d.PixelData, number_of_frames=1))
    assert len(frames) == 1
    return frames[0]


@every_series
def test_opj_decompress_decodes_bit_for_bit(series, kind, syntax, tmp_path):
    one = series(kind, syntax)
    for number, file in enumerate(one.files):
        (tmp_path / "image.j2k").write_bytes(codestream_of(file))
        run("opj_decompress", "-i", tmp_path / "image.j2k", "-o", tmp_path / "image.rawl")
        decoded = np.fromfile(tmp_path / "image.rawl", "<u2").reshape(one.stored[number].shape)
        np.testing.assert_array_equal(decoded, one.stored[number])


@every_series
def test_opj_dump_sees_the_parameters_of_transfer_syntax_202(series, kind, syntax, tmp_path):
    for file in series(kind, syntax).files:
        (tmp_path / "image.j2k").write_bytes(codestream_of(file))
        dump = run("opj_dump", "-i", tmp_path / "image.j2k").stdout
        found = dict(re.findall(r"(prg|numlayers|numresolutions|cblksty|qmfbid|tw|th)=(\w+)", dump))
        assert found["prg"] == "0x2"  # RPCL
        assert (found["numlayers"], found["numresolutions"], found["qmfbid"]) == ("1", "6", "1")
        assert found["cblksty"] == "0x40"  # high throughput
        assert (found["tw"], found["th"]) == ("1", "1")
        assert "type=0xff55" in dump  # TLM


@every_series
def test_a_fragment_has_even_length_and_at_most_one_byte_of_padding(series, kind, syntax):
    for file in series(kind, syntax).files:
        frame = codestream_of(file)
        assert len(frame) % 2 == 0
        assert frame.endswith(b"\xff\xd9") or frame.endswith(b"\xff\xd9\x00")


@pytest.mark.parametrize("syntax", ["202", "90", "explicit-le"])
def test_recon_json_knows_the_checksum_of_every_resolution(series, syntax, tmp_path):
    one = series("recon", syntax)
    files = [f for f in json.loads((one.folder / "recon.json").read_text())["files"] if f["path"].endswith(".dcm")]
    assert len(files) == len(one.files)
    for entry, stored in zip(files, one.stored):
        (resolutions,) = entry["frames"]
        full = resolutions[-1]
        assert (full["width"], full["height"], full["crc32"]) == (stored.shape[1], stored.shape[0], zlib.crc32(stored.tobytes()))
        assert len(resolutions) == (6 if syntax == "202" else 1)
        if syntax != "202":
            continue
        (tmp_path / "image.j2k").write_bytes(codestream_of(one.folder / entry["path"]))
        for reduce, resolution in enumerate(reversed(resolutions)):
            run("opj_decompress", "-i", tmp_path / "image.j2k", "-o", tmp_path / "image.rawl", "-r", reduce)
            assert zlib.crc32((tmp_path / "image.rawl").read_bytes()) == resolution["crc32"]
            assert (tmp_path / "image.rawl").stat().st_size == 2 * resolution["width"] * resolution["height"]
