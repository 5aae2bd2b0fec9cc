# Sourced by jobs/quickstart and tests/run: what both need on a fresh Debian 12 or Ubuntu 24.04 machine.
# Packages come from the distribution, LibTorch from PyPI. Everything is safe to repeat and quick when nothing is missing.
shopt -s inherit_errexit  # a command that fails ends a $( ) too: nothing half-made is ever marked complete

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/raki

build_packages=(g++ cmake ninja-build ccache mold pkg-config python3-venv python3-dev
  libhdf5-dev libismrmrd-dev libpugixml-dev libdcmtk-dev libopenjp2-7-dev libmatio-dev libzip-dev
  libpng-dev zlib1g-dev libdeflate-dev libssl-dev libnsl-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev
  libgtest-dev libbenchmark-dev)
test_packages=(bart clang-format-14 dcm2niix dicom3tools dcmtk libopenjp2-tools patchelf binutils
  buildah crun mmdebstrap munge openssl orthanc orthanc-dicomweb podman slurm-wlm)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages NAME...: those that are missing.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || fail "apt-get not found. This script knows Debian 12 and Ubuntu 24.04; install by hand: ${missing[*]}"
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# install_openjph: from the distribution, or, where it has none (Ubuntu 24.04), Debian 12's two packages unpacked in
# openjph_prefix. Nothing of theirs is installed in the system.
openjph_prefix=$cache/openjph-0.9.0
install_openjph() {
  local pool=http://deb.debian.org/debian/pool/main/o/openjph name
  if [ -e "$openjph_prefix/complete" ]; then return; fi
  if apt-cache show libopenjph-dev >/dev/null 2>&1; then install_packages libopenjph-dev; return; fi
  [ "$(dpkg --print-architecture)" = amd64 ] || fail "no package libopenjph-dev here and none of Debian's for this processor; build OpenJPH 0.9 or later from source and give cmake its folder in CMAKE_PREFIX_PATH"
  say "OpenJPH is not in this distribution: Debian's packages, in $openjph_prefix"
  mkdir -p "$openjph_prefix"
  while read -r sum name; do
    /usr/bin/python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
      "$pool/$name" "$openjph_prefix/$name" || fail "cannot fetch $pool/$name"
    echo "$sum  $openjph_prefix/$name" | sha256sum --check --quiet >&2 || fail "$pool/$name is not the file it was"
    dpkg-deb --extract "$openjph_prefix/$name" "$openjph_prefix"
  done <<'PACKAGES'
a2b1496b8a1ea20a4c88de401b8b41445ae9f52758a4d34ee583b212388e5626 libopenjph0.9_0.9.0-3+b1_amd64.deb
3f3c3c8263e868369e5045d73adc129f0fa0b73f961b6da59d900b951759ea57 libopenjph-dev_0.9.0-3+b1_amd64.deb
PACKAGES
  touch "$openjph_prefix/complete"
}

# python_environment: prints the Python of the environment that holds LibTorch, made once for each set of pinned
# requirements, outside the tree (it takes 5 GB).
python_environment() {
  local key folder
  key=$(sha256sum "$root/jobs/requirements.txt" | cut -c1-12)
  folder=$cache/python-$key
  if [ ! -e "$folder/complete" ]; then
    say "Python environment with LibTorch in $folder (a few minutes, 5 GB, once)"
    /usr/bin/python3 -m venv --clear "$folder" >&2
    "$folder/bin/pip" install --no-compile --progress-bar off -r "$root/jobs/requirements.txt" >&2 ||
      fail "LibTorch could not be installed from PyPI (see above); run this again when it can be reached"
    touch "$folder/complete"
  fi
  printf '%s\n' "$folder/bin/python"
}

# build FOLDER TARGET...: configures where needed and builds.
build() {
  local folder=$1 python=$2
  shift 2
  local nvcc=/usr/local/cuda/bin
  [ -x $nvcc/nvcc ] && case ":$PATH:" in *":$nvcc:"*) ;; *) PATH=$PATH:$nvcc ;; esac
  if [ ! -e "$folder/build.ninja" ] || ! grep -qsF "RAKI_PYTHON:STRING=$python" "$folder/CMakeCache.txt"; then
    say "Configuring in $folder"
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRAKI_PYTHON="$python" \
      -DCMAKE_PREFIX_PATH="$openjph_prefix/usr" >&2
  fi
  say "Building in $folder"
  ninja -C "$folder" "$@" >&2
}
