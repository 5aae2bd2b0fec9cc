"""python -m raki: the command line."""

import glob
import importlib.util
import os
import pathlib
import sys


def places_of(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or []) if spec else []


def libraries() -> str:
    """Where LibTorch's libraries and NVIDIA's lie, found without importing them."""
    folders = [f"{place}/lib" for place in places_of("torch")]
    for place in places_of("nvidia"):
        folders += sorted(glob.glob(f"{place}/*/lib"))
    return os.pathsep.join(folders)


def main() -> None:
    here = pathlib.Path(__file__).parent
    program = here / "bin" / "raki"
    if not program.exists():
        sys.exit(f"raki: the program is not there: found no {program}")
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [libraries(), os.environ.get("LD_LIBRARY_PATH")]))
    if (here / "libraki_cuda.so").exists():
        os.environ.setdefault("RAKI_CUDA_LIBRARY", str(here / "libraki_cuda.so"))
    if (here / "share/dicom.dic").exists():
        os.environ.setdefault("DCMDICTPATH", str(here / "share/dicom.dic"))
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
