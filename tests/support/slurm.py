"""A real Slurm of one node for tests: munged, slurmctld and slurmd of whoever runs the tests, in a temporary folder, on free ports,
with two GPUs that are none."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "setpriv")
START_SECONDS = 30
SYSTEM_PATH = "/usr/sbin:/sbin"


class Unusable(Exception):
    """No Slurm here; the text says why."""


class Slurm:
    """Commands and files of a running Slurm."""

    def __init__(self, folder):
        self.folder, self.daemons = folder, []
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{os.environ['PATH']}:{SYSTEM_PATH}"}

    def __call__(self, *words, check=True, **environment):
        """Output of a command of Slurm."""
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env={**self.environment, **environment}, timeout=60)
        assert done.returncode == 0 or not check, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def submit(self, *words, **environment):
        """The id of a new job."""
        return self("sbatch", "--parsable", *words, **environment).strip()

    def tasks(self, job):
        """{index: {field: value}} of `scontrol show job`; a job that is no array has index None."""
        found = {}
        for line in self("scontrol", "show", "job", job, "--oneliner").splitlines():
            fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
            index = fields.get("ArrayTaskId", "")
            if index.isdecimal() or not index:
                found[int(index) if index else None] = fields
        return found

    def wait(self, job, seconds=60):
        """The tasks when all have ended. What was requeued waits two minutes in Slurm, and two seconds here: started within the second
        in which its last run ended, it would be taken for that one ("Job credential revoked")."""
        until, hurried = time.monotonic() + seconds, set()
        while True:
            tasks = self.tasks(job)
            open_tasks = [fields for fields in tasks.values() if fields["JobState"] in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED")]
            if tasks and not open_tasks and not self("squeue", "--noheader", "--job", job, check=False).strip():
                return tasks
            assert time.monotonic() < until, f"job {job} did not end in {seconds} s:\n{self('squeue')}\n{self.log()}"
            for fields in open_tasks:
                run = (fields["JobId"], fields["Restarts"])
                if fields["Reason"] == "BeginTime" and run not in hurried:
                    self("scontrol", "update", f"jobid={fields['JobId']}", "starttime=now+2", check=False)
                    hurried.add(run)
            time.sleep(0.2)

    def log(self):
        return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')[-2000:]}" for path in sorted(self.folder.glob("*.log")))

    def reconfigure(self, *lines):
        """With these lines at the end of slurm.conf, and no others of earlier calls."""
        path = self.folder / "slurm.conf"
        path.write_text(path.read_text().split("# more\n")[0] + "# more\n" + "".join(line + "\n" for line in lines))
        self("scontrol", "reconfigure")


@contextlib.contextmanager
def running():
    """A Slurm that is ready, and gone at the end. Throws Unusable."""
    path = f"{os.environ['PATH']}:{SYSTEM_PATH}"
    if missing := [name for name in PROGRAMS if not shutil.which(name, path=path)]:
        raise Unusable(f"not installed: {', '.join(missing)} (Debian: slurm-wlm munge)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm-"))  # a short path, as sockets need
    slurm = Slurm(folder)
    try:
        _start(slurm)
        yield slurm
    finally:
        _stop(slurm)
        shutil.rmtree(folder)


def _start(slurm):
    folder = slurm.folder
    folder.chmod(0o755)
    for name, mode in (("munge", 0o711), ("state", 0o755), ("spool", 0o755)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    _write_configuration(folder)
    _daemon(slurm, "munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge/socket",
            f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge/seed", "--num-threads=2")
    _until(slurm, "munged", lambda: (folder / "munge" / "socket").exists())
    _daemon(slurm, "slurmctld", "-D", "-f", folder / "slurm.conf")
    _daemon(slurm, "slurmd", "-D", "-f", folder / "slurm.conf")
    _until(slurm, "an idle node", lambda: slurm("sinfo", "--noheader", "--format=%T", check=False).strip() == "idle")


def _daemon(slurm, *words):
    """Dies with us, whatever becomes of us."""
    with open(slurm.folder / f"{words[0]}.out.log", "wb") as output:
        slurm.daemons.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, words)], stdin=subprocess.DEVNULL, stdout=output,
                                              stderr=output, env=slurm.environment, start_new_session=True))


def _until(slurm, what, ready):
    until = time.monotonic() + START_SECONDS
    while not ready():
        ended = [one.args[3] for one in slurm.daemons if one.poll() is not None]
        if ended or time.monotonic() > until:
            raise Unusable(f"no {what} within {START_SECONDS} s{f', {ended} ended' if ended else ''}:\n{slurm.log()}")
        time.sleep(0.1)


def _stop(slurm):
    """Jobs first, then daemons, then whatever still knows this folder."""
    with contextlib.suppress(Exception):
        slurm("scancel", "--full", "--signal=KILL", f"--user={os.getuid()}")
        slurm("scancel", f"--user={os.getuid()}")
    for daemon in reversed(slurm.daemons):
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    marker = f"SLURM_CONF={slurm.folder}/slurm.conf".encode()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def _free_ports(count):
    with contextlib.ExitStack() as sockets:
        ports = []
        for _ in range(count):
            one = sockets.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            ports.append(one.getsockname()[1])
        return ports


def _write_configuration(folder):
    host, user = socket.gethostname().split(".")[0], os.getuid()
    controller, node = _free_ports(2)
    (folder / "slurm.conf").write_text(f"""ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1
SlurmdParameters=config_overrides
KillWait=5
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobcomp.txt
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
# more
""")
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File=/dev/null\nNodeName={host} Name=gpu File=/dev/zero\n")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
