"""HTJ2K codestreams before OpenJPEG's own programs."""

import re

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
