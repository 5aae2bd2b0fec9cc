"""SIGTERM and SIGINT: noted at once, acted upon where the work can be dropped."""

import os
import signal
import threading

from raki_cloud.exits import Exit, Stop


LAST_SECONDS = 9  # after which the process ends wherever it hangs; what it leaves in its scratch folder goes with the next one


class Interrupted(Stop):
    def __init__(self):
        super().__init__(Exit.TRY_AGAIN, "Interrupted: found SIGTERM or SIGINT, expected to finish. In this process. Start it again: what is published stays.")


class Interrupt:
    """A handler of its own also where this process is the first of its container: without one the kernel drops its signals."""

    def __init__(self):
        self._came = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, *_):
        if not self._came.is_set():
            self._came.set()
            last = threading.Timer(LAST_SECONDS, os._exit, [int(Exit.TRY_AGAIN)])
            last.daemon = True
            last.start()

    def check(self):
        if self._came.is_set():
            raise Interrupted
