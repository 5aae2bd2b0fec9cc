#!/usr/bin/env bash
# The steps of the image, one function each. The Dockerfile runs them in its stages, tests/jobs/test_container.py in a plain folder.
#
#   steps.sh build SOURCE OUT KIND             build stage: packages, LibTorch, compiler, then collect
#   steps.sh collect BUILD PYTHON OUT KIND     from a build folder and the Python that has its LibTorch to OUT, which becomes /opt/raki
#   steps.sh runtime                           final stage: the distribution's packages that run
#   steps.sh finish ROOT                       folders, owners and a look at what must not be there; ROOT is / in an image
#
# KIND: cuda (LibTorch with its CUDA libraries) or cpu (without them).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { printf 'steps.sh: %s\n' "$*" >&2; exit 78; }

build() {
  local source=$1 out=$2 kind=$3 python cuda=OFF
  # shellcheck source=../setup.sh
  source "$source/jobs/setup.sh"
  install_packages "${build_packages[@]}" binutils
  install_openjph
  python=$(python_environment)
  if [ "$kind" = cuda ]; then
    [ -x /usr/local/cuda/bin/nvcc ] || fail "no nvcc: the build stage of kind cuda needs a base with CUDA 13's compiler (BUILD_BASE)"
    PATH=$PATH:/usr/local/cuda/bin cuda=ON
    "$python" -m pip install --no-compile --no-deps -q nvidia-nvjpeg2k-cu13==0.11.0.51
  fi
  cmake -S "$source" -B /tmp/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DRAKI_PYTHON="$python" -DRAKI_TESTS=OFF -DRAKI_PYTHON_PACKAGE=OFF \
    -DRAKI_CUDA=$cuda -DCMAKE_PREFIX_PATH="$openjph_prefix/usr"
  ninja -C /tmp/build
  collect /tmp/build "$python" "$out" "$kind"
}

collect() {
  local build=$1 python=$2 out=$3 kind=$4 cloud
  cloud=$here/../cloud
  mkdir -p "$out"/{bin,site}
  "$here/../cluster/bundle" "$build" "$out/engine"
  [ "$kind" = cuda ] || rm -f "$out/engine/lib/libraki_cuda.so"
  rm -rf "$out"/engine/{,bin/}{gpu_device_tests,bench_closed_form,bench_gpu_codec} "$out"/engine/{cloud,raki.sbatch}
  list_libraries "$out/engine"
  "$python" -m pip install --no-compile --no-deps -q --require-hashes --only-binary :all: --target "$out/site" -r "$cloud/requirements.lock"
  libtorch "$(site_of "$python")" "$out/site" "$kind"
  mkdir "$out/cloud"
  cp -r "$cloud"/raki* "$out/cloud/"
  find "$out/cloud" -name __pycache__ -exec rm -rf {} +
  cp "$here"/{healthcheck,sbom} "$out/bin/"
  ln -s ../engine/raki "$out/bin/raki"
  for program in "$out"/cloud/raki-*; do ln -s "../cloud/${program##*/}" "$out/bin/"; done
}

site_of() { "$1" -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])' | sed 's,/torch$,,'; }

# The bundle carries libraries of the distribution that built it; the SBOM names their packages from this list.
list_libraries() {
  local file package
  for file in "$1"/lib/*.so*; do
    package=$(dpkg-query -S "*/${file##*/}" 2>/dev/null | sed -n '1s/: .*//p') || true
    [ -z "$package" ] || printf '%s\t%s\n' "${file##*/}" "$(dpkg-query -W -f '${Package}\t${Version}\t${Architecture}' "$package")"
  done >"$1/share/libraries.tsv"
}

# LibTorch as a start script of ours and the loader need it: its shared libraries, those they need, those they load by name while they run, and
# the package's name and version. No headers, no Python of torch.
by_name=(libtorch_cuda_linalg.so libcaffe2_nvrtc.so 'libcudnn_*.so.9' libnvrtc.so.13 'libnvrtc-builtins.so.13.*' libnvJitLink.so.13 libnvjpeg2k.so.0)
libtorch() {
  local site=$1 out=$2 kind=$3 name roots=(libtorch_cpu.so)
  [ "$kind" = cpu ] || roots=(libtorch.so libtorch_cuda.so "${by_name[@]}")
  declare -A carried=()
  for name in "${roots[@]}"; do carry "$site" "$out" "$name"; done
  [ -n "${carried[libtorch_cpu.so]:-}" ] || fail "no libtorch_cpu.so below $site"
  touch "$out/torch/__init__.py"  # start.sh of the bundle asks Python for the package
  mkdir -p "$out/nvidia"
  for name in "$site"/{torch,nvidia_*}-*.dist-info; do
    if grep -qxF "$(cd "$out" && printf '%s\n' {torch,nvidia/*}/lib/*)" < <(cut -d, -f1 "$name/RECORD"); then cp -r "$name" "$out/"; fi
  done
}

# carry SITE OUT NAME: a library of torch or NVIDIA by file name or pattern, and what it needs of theirs.
carry() {
  local path needed
  for path in "$1"/torch/lib/$3 "$1"/nvidia/*/lib/$3; do
    [ -e "$path" ] && [ -z "${carried[${path##*/}]:-}" ] || continue
    carried[${path##*/}]=1
    mkdir -p "$2/$(dirname "${path#"$1"/}")"
    cp -L "$path" "$2/${path#"$1"/}"
    for needed in $(readelf -d "$path" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do carry "$1" "$2" "$needed"; done
  done
}

runtime() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 ca-certificates libstdc++6
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /var/cache/debconf/*-old
}

finish() {
  local root=${1%/} found
  mkdir -p "$root/scratch"
  chmod 1777 "$root/scratch"
  # Compiled here, since nobody can write there later: half a second of every start.
  chroot "$root/" python3 -m compileall -q --invalidation-mode unchecked-hash /opt/raki/site /opt/raki/cloud
  chown -R 0:0 "$root/opt/raki"
  chmod -R go-w,a+rX "$root/opt/raki"
  grep -q '^raki:' "$root/etc/passwd" || echo 'raki:x:10001:10001:raki:/scratch:/usr/sbin/nologin' >>"$root/etc/passwd"
  grep -q '^raki:' "$root/etc/group" || echo 'raki:x:10001:' >>"$root/etc/group"
  found=$(find "$root/opt/raki" \( -name '*.a' -o -name '*.h' -o -perm -4000 \) -print -quit)
  [ -z "$found" ] || fail "$found does not belong in an image"
  found=$(find "$root/var/lib/apt/lists" "$root/var/cache/apt" -type f -print -quit 2>/dev/null || true)
  [ -z "$found" ] || fail "$found: caches of the package manager do not belong in an image"
}

case ${1:-} in
  build | collect | runtime | finish) "$@" ;;
  *) fail "no such step: ${1:-}" ;;
esac
