"""What became of the units, in numbers."""

import collections
import time

from raki_cloud.exits import Exit, may_pass, overall


class Tally:
    def __init__(self):
        self._began = time.monotonic()
        self._exits = collections.Counter()  # of settled units
        self._stops = []  # of the job as a whole
        self._skipped = self._bytes = 0

    def count(self, task):
        self._exits[task.exit] += 1
        self._skipped += task.exit == Exit.DONE and task.was_done
        self._bytes += task.bytes if task.exit == Exit.DONE and not task.was_done else 0

    def stopped(self, code):
        self._stops.append(code)

    def tell(self, log):
        """The summary line, and the exit code."""
        code = overall([*self._exits, *self._stops])
        retry = sum(count for code_of_units, count in self._exits.items() if may_pass(code_of_units))
        done = self._exits[Exit.DONE] - self._skipped
        log.info("summary", units=self._exits.total(), done=done, skipped=self._skipped, retry=retry,
                 failed=self._exits.total() - self._exits[Exit.DONE] - retry, bytes=self._bytes,
                 seconds=round(time.monotonic() - self._began, 3), exit=code)
        return code
