"""The declarations of nvJPEG2000 in gpu/nvjpeg2000_library.h against NVIDIA's own header (PyPI's wheel)."""

import importlib.util
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Ours, theirs, and the members in their order.
STRUCTURES = {
    ("Component", "nvjpeg2kImageComponentInfo_t"): {
        "width": "component_width", "height": "component_height", "bits": "precision", "is_signed": "sgn"},
    ("EncodeConfig", "nvjpeg2kEncodeConfig_t"): {
        "stream_type": "stream_type", "colour_space": "color_space", "rsiz": "rsiz", "width": "image_width",
        "height": "image_height", "tiling": "enable_tiling", "tile_width": "tile_width", "tile_height": "tile_height",
        "components": "num_components", "component": "image_comp_info", "sop": "enable_SOP_marker",
        "eph": "enable_EPH_marker", "progression": "prog_order", "layers": "num_layers", "colour_transform": "mct_mode",
        "resolutions": "num_resolutions", "block_width": "code_block_w", "block_height": "code_block_h",
        "modes": "encode_modes", "irreversible": "irreversible", "precincts": "num_precincts_init",
        "precinct_width": "precinct_width", "precinct_height": "precinct_height"},
    ("Image", "nvjpeg2kImage_t"): {
        "planes": "pixel_data", "pitch_bytes": "pitch_in_bytes", "type": "pixel_type", "components": "num_components"},
}
CONSTANTS = {
    "gray": "NVJPEG2K_COLORSPACE_GRAY", "uint16": "NVJPEG2K_UINT16", "int16": "NVJPEG2K_INT16",
    "bare_codestream": "NVJPEG2K_STREAM_J2K", "high_throughput_rsiz": "NVJPEG2K_RSIZ_HT",
    "high_throughput_mode": "NVJPEG2K_MODE_HT", "most_resolutions": "NVJPEG2K_MAXRES"}
FUNCTIONS = {
    "get_property": "nvjpeg2kGetProperty", "create": "nvjpeg2kCreateSimple",
    "create_decode_state": "nvjpeg2kDecodeStateCreate", "destroy_decode_state": "nvjpeg2kDecodeStateDestroy",
    "create_bitstream": "nvjpeg2kStreamCreate", "destroy_bitstream": "nvjpeg2kStreamDestroy",
    "parse": "nvjpeg2kStreamParse", "decode": "nvjpeg2kDecode", "create_encoder": "nvjpeg2kEncoderCreateSimple",
    "create_encode_state": "nvjpeg2kEncodeStateCreate", "destroy_encode_state": "nvjpeg2kEncodeStateDestroy",
    "create_params": "nvjpeg2kEncodeParamsCreate", "destroy_params": "nvjpeg2kEncodeParamsDestroy",
    "set_config": "nvjpeg2kEncodeParamsSetEncodeConfig", "encode": "nvjpeg2kEncode",
    "retrieve": "nvjpeg2kEncodeRetrieveBitstream"}


def include_folder():
    spec = importlib.util.find_spec("nvidia")
    folders = [pathlib.Path(place) / "nvjpeg2k/include" for place in spec.submodule_search_locations] if spec else []
    found = [folder for folder in folders if (folder / "nvjpeg2k.h").exists()]
    return found[0] if found else pytest.skip("the package nvidia-nvjpeg2k-cu13 is not installed")


def program():
    checks = []
    for (ours, theirs), members in STRUCTURES.items():
        checks.append(f"sizeof({ours}) == sizeof({theirs})")
        for our, their in members.items():
            checks.append(f"offsetof({ours}, {our}) == offsetof({theirs}, {their})")
            checks.append(f"sizeof({ours}::{our}) == sizeof({theirs}::{their})")
    checks += [f"{ours} == {theirs}" for ours, theirs in CONSTANTS.items()]
    # The same number of arguments, each of the same size.
    checks += [f"same(decltype(Library::{ours}){{}}, &{theirs})" for ours, theirs in FUNCTIONS.items()]
    return """
#define _NVJPEG2K_DISABLE_CUDA_TOOLKIT_HEADERS
#include <nvjpeg2k.h>
#include <cstddef>
#include "gpu/nvjpeg2000_library.h"
using namespace raki::nvjpeg2000;
template <class R, class... A, class S, class... B>
constexpr bool same(R (*)(A...), S (*)(B...)) {
  if constexpr (sizeof...(A) != sizeof...(B)) return false;
  else return sizeof(R) == sizeof(S) && ((sizeof(A) == sizeof(B)) && ...);
}
""" + "".join(f'static_assert({check});\n' for check in checks)


def test_structures_constants_and_functions_are_those_of_the_header(tmp_path):
    include = include_folder()
    source = tmp_path / "compare.cpp"
    source.write_text(program())
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-I", include, "-I", ROOT, source],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_function_that_is_used_is_compared():
    header = (ROOT / "gpu/nvjpeg2000_library.h").read_text()
    declared = header.split("struct Library {")[1].split("};")[0]
    assert declared.count("(*") == len(FUNCTIONS)
