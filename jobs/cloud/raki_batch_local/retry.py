"""How an attempt ended, and whether the job is tried again: RetryStrategy as documented for AWS Batch, without side effects."""

import dataclasses

EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
TERMINATED = "Terminated by user"
HOST_LOST = "Host EC2 (instance i-local) terminated."
NOT_STARTED = "Task failed to start"
DEPENDENCY_FAILED = "Dependent Job failed"


@dataclasses.dataclass(frozen=True)
class End:
    """What the service knows of an ended attempt. No exit code: the container never ran, or its host took the code with it."""

    exit_code: int | None
    status_reason: str = EXITED
    reason: str = ""
    term_dropped: bool = False  # SIGTERM had no handler and so never reached it, as for every PID 1

    @property
    def succeeded(self):
        return self.exit_code == 0 and self.status_reason == EXITED

    @property
    def final(self):
        """The service never retries what it ended itself."""
        return self.succeeded or self.status_reason in (TIMED_OUT, TERMINATED)


def is_retried(end, attempt, strategy):
    """`attempt` counts from 1. The first entry whose conditions all hold decides; where none does, the job is retried."""
    if end.final or attempt >= strategy.get("attempts", 1):
        return False
    for entry in strategy.get("evaluateOnExit", []):
        if _holds(entry, end):
            return entry["action"].upper() == "RETRY"
    return True


def _holds(entry, end):
    found = {"onExitCode": "" if end.exit_code is None else str(end.exit_code), "onReason": end.reason, "onStatusReason": end.status_reason}
    return all(matches(entry[condition], value) for condition, value in found.items() if condition in entry)


def matches(pattern, text):
    """A pattern is exact, or exact up to the asterisk at its end. '*' alone takes what is missing too: AWS's own catch-all is
    onReason '*', and an ordinary exit has no reason."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
