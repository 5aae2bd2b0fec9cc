"""The host on AWS Lambda: an SQS event source that reports failures message by message (ReportBatchItemFailures)."""

import os

os.environ.setdefault("RAKI_S3_TIMEOUT", "10")  # a request that hangs must not cost the function's whole time

from raki_cloud.log import Log  # noqa: E402

from .options import parse  # noqa: E402
from .submit import LATER, settle  # noqa: E402

MILLISECONDS_FOR_ONE = 20_000


def handler(event, context):
    """Messages that are not named in the answer are deleted. Where time runs out those that are left come again; the first one is
    always tried, however short the function's limit."""
    settings, log, failed = parse([], os.environ).settings(), Log(), []
    for number, record in enumerate(event["Records"]):
        in_time = number == 0 or context.get_remaining_time_in_millis() > MILLISECONDS_FOR_ONE
        received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
        if not in_time or settle(record["body"], received, settings, log).event == LATER:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
