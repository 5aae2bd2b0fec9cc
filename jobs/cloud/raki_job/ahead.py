"""A thread that does one thing at a time, while the main one does another."""

import queue
import threading


class Ahead:
    """`work` is called with what `give` was given. The thread never keeps the process alive: it may hang in a network."""

    def __init__(self, work):
        self._work, self._todo, self._done = work, queue.SimpleQueue(), queue.SimpleQueue()
        self._untaken = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while (task := self._todo.get()) is not None:
            self._work(task)
            self._done.put(task)

    def give(self, task):
        self._untaken += 1
        self._todo.put(task)

    def close(self):
        """The thread ends once its work is done. Nobody waits for it."""
        self._todo.put(None)

    def take(self, seconds):
        """What is done, in the order it was given; None where nothing is within `seconds` (None: for ever)."""
        try:
            task = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        self._untaken -= 1
        return task

    def rest(self, seconds):
        """Waits until nothing is done any more, but at most `seconds`."""
        if self._untaken:
            self.take(seconds)
