"""An image of jobs/container built and run on this machine: by buildah and podman where they work, else the same steps in a plain folder."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTAINER = ROOT / "jobs" / "container"
PREBUILT = "build-container"  # below the tree, as an image's context wants it; ignored by git
CONTAINERS = '''[containers]
cgroups = "disabled"
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "file"
'''
# podman refuses a cgroup hierarchy of both versions, so the newer one is taken out of its sight
PODMAN = ["unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec podman --log-level=error "$@"', "podman"]


def checked(command, timeout=900, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, **more)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def collect(build):
    """What becomes /opt/raki, of a build folder that is there: the CPU's LibTorch."""
    shutil.rmtree(ROOT / PREBUILT, ignore_errors=True)
    checked([CONTAINER / "steps.sh", "collect", build, sys.executable, ROOT / PREBUILT, "cpu"])


def debian(folder):
    """A base image's files as a tar file."""
    checked(["mmdebstrap", "--variant=minbase", "bookworm", folder / "base.tar", "http://deb.debian.org/debian"])
    return folder / "base.tar"


class Image:
    """Built by the Dockerfile, run by podman with a root nobody can write to. Until `build` it is its base."""

    def __init__(self, folder, base):
        (folder / "containers.conf").write_text(CONTAINERS)
        (folder / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n')
        (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self._environment = {**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf", "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf", "BUILDAH_ISOLATION": "chroot"}
        policy = f"--signature-policy={folder}/policy.json"
        self._name, self._environment["CONTAINER_BUILD"] = "localhost/debian:test", f"buildah build --format docker --pull-never {policy}"
        container = self._do("buildah", "from", "scratch").strip()
        self._do("buildah", "add", "-q", container, base, "/")
        self._do("buildah", "commit", "-q", policy, container, self._name)

    def works(self):
        """Whether a process can be started in the base image."""
        return subprocess.run(self.command(program="true"), env=self._environment, capture_output=True).returncode == 0

    def build(self):
        digest = self._do("buildah", "images", "--format", "{{.Digest}}", "localhost/debian:test").strip()
        self._name = "localhost/raki:test"
        self._do(CONTAINER / "build", self._name, f"localhost/debian@{digest}", f"localhost/debian@{digest}", "cpu", PREBUILT)

    def _do(self, *command):
        return checked(command, env=self._environment)

    def command(self, *arguments, user=None, program=None, mounts=(), variables=()):
        """What starts it in the foreground."""
        options = ["--rm", "--read-only", "--no-healthcheck", *(["--user", user] if user else []), *(["--entrypoint", program] if program else [])]
        options += [word for mount in mounts for word in ("--volume", f"{mount}:ro")] + [word for one in variables for word in ("--env", one)]
        return [str(word) for word in (*PODMAN, "run", *options, self._name, *arguments)]

    def start(self, *arguments, **more):
        return subprocess.Popen(self.command(*arguments, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment)

    def config(self):
        return checked([*PODMAN, "image", "inspect", self._name], env=self._environment)


# /dev and /proc of this machine, in a mount namespace that ends with the process: nothing is left mounted
INTO_FOLDER = ["unshare", "--mount", "sh", "-c", 'root=$1; shift; mount --rbind /dev "$root/dev" && mount --rbind /proc "$root/proc" && exec chroot "$@"', "sh"]


class Folder:
    """The steps of the Dockerfile in a folder of its own, entered by chroot."""

    def __init__(self, folder, base):
        self._root = folder / "root"
        self._root.mkdir()
        checked(["tar", "-C", self._root, "-xf", base, "--exclude=./dev/*"])
        shutil.copy(CONTAINER / "steps.sh", self._root / "tmp")
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", self._root / "etc")
        checked([*INTO_FOLDER, self._root, self._root, "bash", "/tmp/steps.sh", "runtime"])
        shutil.copytree(ROOT / PREBUILT, self._root / "opt/raki", symlinks=True)
        checked([CONTAINER / "steps.sh", "finish", self._root])

    def command(self, *arguments, user=None, program="raki-job", mounts=(), variables=()):
        for mount in mounts:
            source, target = mount.split(":")
            shutil.copy(source, self._root / target.strip("/"))
        set_in = ["PATH=/opt/raki/bin:/usr/bin:/bin", "PYTHONPATH=/opt/raki/site", "RAKI_SCRATCH=/scratch", "TMPDIR=/scratch", "HOME=/scratch", *variables]
        who = f"--userspec={user or 10001}:{user or 10001}"
        return [str(word) for word in (*INTO_FOLDER, self._root, who, self._root, "env", "-i", *set_in, program, *arguments)]

    def start(self, *arguments, **more):
        return subprocess.Popen(self.command(*arguments, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
