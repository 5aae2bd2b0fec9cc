"""Starts the program of the command line and ties it to us: when the process that started this dies, the kernel kills it too. An
engine whose job was killed would hold its GPU until its unit is done."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

parent = int(sys.argv[1])
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
if os.getppid() != parent:  # it died before we were tied
    sys.exit(75)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so
os.execvp(sys.argv[2], sys.argv[2:])
