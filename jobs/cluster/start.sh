#!/bin/sh
# Starts the program of a bundle that has this script's name: bin/raki for `raki`. LibTorch is that of the machine's
# Python (RAKI_PYTHON, else python3), found without importing it. Exit 78: this machine cannot run the bundle.
set -eu

fail() {
  printf 'raki: %s\n' "$1" >&2
  exit 78
}

self=$(readlink -f -- "$0")
here=${self%/*}
program=$here/bin/${self##*/}
needed=$(cat "$here/share/torch_version")
needed_minor=${needed%.*}
python=${RAKI_PYTHON:-python3}
command -v "$python" >/dev/null || fail "No Python: found no program '$python'. Set RAKI_PYTHON to a Python that has torch $needed_minor."

# First line: version of torch; second line: the folders of its libraries and of NVIDIA's.
found=$("$python" - <<'PYTHON'
import glob, importlib.metadata, importlib.util, os, sys

sys.path = [folder for folder in sys.path if folder]
torch = importlib.util.find_spec("torch")
nvidia = importlib.util.find_spec("nvidia")
if torch is None or not torch.submodule_search_locations:
    sys.exit(0)
folders = [os.path.join(torch.submodule_search_locations[0], "lib")]
for place in nvidia.submodule_search_locations if nvidia else []:
    folders += sorted(glob.glob(os.path.join(place, "*", "lib")))
print(importlib.metadata.version("torch"))
print(":".join(folders))
PYTHON
) || fail "The Python '$python' does not work."
[ -n "$found" ] || fail "No LibTorch: the Python '$python' has no package torch. Install it (pip install torch==$needed) or set RAKI_PYTHON to a Python that has it."

version=$(printf '%s\n' "$found" | head -n 1)
case $version in
  "$needed_minor".*) ;;
  *) fail "Wrong LibTorch: found torch $version in '$python', expected $needed_minor.*. Install it (pip install torch==$needed) or set RAKI_PYTHON to a Python that has it." ;;
esac

libraries=$here/lib:$(printf '%s\n' "$found" | tail -n 1)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
lacks=$(LD_LIBRARY_PATH=$libraries LD_TRACE_LOADED_OBJECTS=1 "$program" 2>&1 | grep 'not found') || true
[ -z "$lacks" ] || fail "This machine lacks libraries that the program needs:
$lacks"

DCMDICTPATH=${DCMDICTPATH:-$here/share/dicom.dic}
LD_LIBRARY_PATH=$libraries
export DCMDICTPATH LD_LIBRARY_PATH
exec "$program" "$@"
