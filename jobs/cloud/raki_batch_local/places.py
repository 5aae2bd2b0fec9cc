"""Where an attempt runs: as a process that is treated like process 1 of a container, or in a container of podman."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

LONGEST_PODMAN_SECONDS = 600  # a pull
BETWEEN_SWEEPS_SECONDS = 0.005


class CannotStart(Exception):
    """The container would not have started; the text says why."""


class Process:
    """The command in a session of its own. As in a container, SIGTERM goes to the first process only, and is lost where that has
    no handler; when the first process ends, all others die with it."""

    def __init__(self, command, environment, properties, log):
        self.command, self.environment, self.properties, self.log = command, environment, properties, log
        self.process = None

    def start(self):
        if not self.command:
            raise CannotStart("CannotStartContainerError: no command in definition and submission; that of the image is not known here")
        self.process = _start(self.command, self.environment, self.log)

    def runs(self):
        return _runs(self.process)

    def terminate(self):
        """Whether SIGTERM reached it."""
        arrives = bool(self.properties.get("linuxParameters", {}).get("initProcessEnabled")) or catches(self.process.pid, signal.SIGTERM)
        if arrives:
            os.kill(self.process.pid, signal.SIGTERM)  # not send_signal, which may wait for it: see end()
        return arrives

    def end(self):
        """Kills all that is left of it, also in sessions of their own (the job's id in the environment tells); its exit code."""
        _kill(os.killpg, self.process.pid)  # before anybody waits for the first process: until then its number is nobody else's
        code = _exit_code(self.process)
        while left := processes_of(self.environment["AWS_BATCH_JOB_ID"]):
            for pid in left:
                _kill(os.kill, pid)
            time.sleep(BETWEEN_SWEEPS_SECONDS)
        return code


class Container:
    """The command in podman, in `image`. Its first process really is process 1, so podman's signals need no help."""

    def __init__(self, command, environment, properties, log, image):
        self.name = "raki-batch-local-" + environment["AWS_BATCH_JOB_ID"].replace(":", "-") + "-" + environment["AWS_BATCH_JOB_ATTEMPT"]
        self.command = ["podman", "run", "--rm", "--name", self.name, *podman_options(properties, environment), image, *command]
        self.environment, self.log, self.image = os.environ | environment, log, image
        self.process = None

    def start(self):
        if not _podman("image", "exists", self.image) and not _podman("pull", "--quiet", self.image):
            raise CannotStart(f"CannotPullContainerError: podman has no image {self.image} and cannot pull it")
        self.process = _start(self.command, self.environment, self.log)

    def runs(self):
        return _runs(self.process)

    def terminate(self):
        return _podman("kill", "--signal", "TERM", self.name)

    def end(self):
        if self.runs():
            _podman("rm", "--force", "--ignore", "--time", "0", self.name)
            _kill(os.killpg, self.process.pid)  # podman itself, should it hang
        return _exit_code(self.process)


def podman_options(properties, environment):
    """What containerProperties say, in podman's words. Variables are named only: podman takes their values from its own environment,
    where the list of processes does not show them."""
    linux = properties.get("linuxParameters", {})
    options = [word for name in environment for word in ("--env", name)]
    options += ["--init"] * bool(linux.get("initProcessEnabled")) + ["--read-only"] * bool(properties.get("readonlyRootFilesystem"))
    options += ["--user", properties["user"]] if properties.get("user") else []
    options += ["--shm-size", f"{linux['sharedMemorySize']}m"] if linux.get("sharedMemorySize") else []
    options += [f"--tmpfs={one['containerPath']}:size={one['size']}m" for one in linux.get("tmpfs", [])]
    options += [word for gpu in environment["CUDA_VISIBLE_DEVICES"].split(",") if gpu for word in ("--device", f"nvidia.com/gpu={gpu}")]
    folders = {one["name"]: one.get("host", {}).get("sourcePath") for one in properties.get("volumes", [])}
    for mount in properties.get("mountPoints", []):
        source = folders.get(mount["sourceVolume"]) or mount["sourceVolume"]
        options += ["--volume", f"{source}:{mount['containerPath']}" + (":ro" if mount.get("readOnly") else "")]
    return options


def catches(pid, number):
    """Whether the process has a handler of its own for that signal."""
    lines = _read(pid, "status").decode().splitlines()
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def processes_of(job_id):
    """Those whose environment names this job and that have not ended."""
    marker = b"\0AWS_BATCH_JOB_ID=" + job_id.encode() + b"\0"
    return [int(folder.name) for folder in pathlib.Path("/proc").iterdir() if folder.name.isdecimal()
            and marker in b"\0" + _read(folder.name, "environ")]


def _kill(how, number):
    """`how`: os.kill or os.killpg."""
    try:
        how(number, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended


def _read(pid, name):
    """Empty where the process has ended, or is not ours."""
    try:
        return pathlib.Path("/proc", str(pid), name).read_bytes()
    except OSError:
        return b""


def _start(command, environment, log):
    """Output goes to the file `log`, or to our standard error: standard output is for our own lines."""
    try:
        with contextlib.ExitStack() as files:
            stream = sys.stderr.fileno()
            if log is not None:
                log.parent.mkdir(exist_ok=True)
                stream = files.enter_context(open(log, "wb"))
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True)
    except (OSError, ValueError) as error:  # no such program, no such folder; a NUL in an argument
        raise CannotStart(f"CannotStartContainerError: '{command[0]}': {error}") from None


def _runs(process):
    """Without taking its exit code: a process that nobody waited for keeps its number."""
    return process.returncode is None and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _exit_code(process):
    """As Docker tells it: 128 and the signal where one ended it."""
    code = process.wait()
    return 128 - code if code < 0 else code


def _podman(*arguments):
    """Whether it succeeded."""
    try:
        return subprocess.run(["podman", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=LONGEST_PODMAN_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
