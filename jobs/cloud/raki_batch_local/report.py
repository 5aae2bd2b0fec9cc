"""What a user sees: one JSON object a line on standard output, for each attempt and at the end."""

import collections
import datetime
import json
import time


class Report:
    def __init__(self):
        self.began = time.monotonic()

    def attempt(self, child, end, again, seconds, log):
        _line("attempt", **_who(child), attempt=child.attempts, status="SUCCEEDED" if end.succeeded else "FAILED",
              exit_code=end.exit_code, status_reason=end.status_reason, reason=end.reason, retried=again, term_dropped=end.term_dropped,
              seconds=round(seconds, 3), log=log and str(log))

    def not_run(self, child, status_reason):
        _line("attempt", **_who(child), attempt=0, status="FAILED", exit_code=None, status_reason=status_reason, reason="", retried=False,
              term_dropped=False, seconds=0.0, log=None)

    def summary(self, jobs, code):
        _line("summary", jobs=[_total(job) for job in jobs], seconds=round(time.monotonic() - self.began, 3), exit=int(code))


def _total(job):
    counts = collections.Counter(child.status for child in job.children)
    succeeded, failed = counts["SUCCEEDED"], counts["FAILED"]
    return {"job": job.name, "job_id": job.job_id, "status": job.status, "succeeded": succeeded, "failed": failed,
            "unfinished": len(job.children) - succeeded - failed, "attempts": sum(child.attempts for child in job.children)}


def _who(child):
    return {"job": child.job.name, "job_id": child.job_id, "index": child.index}


def _line(event, **facts):
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"ts": now, "event": event, **facts}), flush=True)
