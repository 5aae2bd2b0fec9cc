"""The recipe: batches out, answers in, until the fate of every instance is known or nothing more can be done."""

import collections
import random
import time

from raki_cloud.exits import Exit, Stop
from raki_cloud.multipart import Unreadable

from .batches import batches
from .endpoint import post
from .files import FAILED, REFUSED, STORED, WARNING
from .reply import is_duplicate, may_pass, words

LONGEST_WAIT = 60.0  # seconds, of our own choice
LONGEST_RETRY_AFTER = 600.0  # seconds, of the server's
NOT_HERE = {301, 302, 303, 307, 308, 404, 405, 410}


def deliver(instances, endpoint, options, after_request, say):
    """Sends the unsettled instances and settles them. Calls `after_request` with those of each request, `say` with the text of
    each trouble. Throws Stop where the server cannot be used: what is unsettled then is not known to be stored."""
    queue = collections.deque(batches([one for one in instances if one.status is None], options.most_bytes))
    fruitless = 0  # troubles in a row without an instance settled
    while queue:
        batch = queue.popleft()
        answer = _send(batch, endpoint)
        left = [one for one in batch if one.status is None]
        after_request(batch)
        if len(left) < len(batch):
            fruitless = 0
        if not left:
            continue
        if answer is None:
            queue.appendleft(left)
        elif _is_refusal(answer, left):
            queue.extendleft([one] for one in reversed(left))
        else:
            fruitless += len(left) == len(batch)
            _queue_again(queue, left, answer)
            _wait(answer, max(fruitless, 1), endpoint, options, say)


def _send(batch, endpoint):
    """Settles what the answer tells; None where a file could not be read, which ends a request in its middle."""
    now = time.monotonic()
    for one in batch:
        one.attempts += 1
        one.began = one.began or now
    try:
        answer = post(endpoint, batch)
        _stop_where_nobody_is_served(answer, endpoint)
        _settle(batch, answer)
        return answer
    except Unreadable as error:
        error.instance.settle(FAILED, f"File changed: found {error}, expected what it was at the start. "
                                      "Send it again when nobody writes to it.", Exit.IO)
        return None
    finally:
        for one in batch:
            one.seconds = time.monotonic() - one.began


def _stop_where_nobody_is_served(answer, endpoint):
    if answer.status in (401, 403):
        raise Stop(Exit.NO_PERMISSION, f"No permission: found {answer.found}, expected to be let in. At {endpoint.url}. "
                                       "Check RAKI_STOW_TOKEN, or RAKI_STOW_USER and RAKI_STOW_PASSWORD, and their rights.")
    if answer.status in NOT_HERE:
        raise Stop(Exit.UNAVAILABLE, f"No STOW-RS service: found {answer.found}, expected 200, 202 or 409. At {endpoint.url}. "
                                     "Check the path of --stow; addresses that lead elsewhere are not followed.")
    if answer.distrusted:
        raise Stop(Exit.UNAVAILABLE, f"Server not trusted: found {answer.found}, expected one of a known authority for this name. "
                                     f"At {endpoint.url}. Give its authority with --ca FILE if it is the right one.")


def _is_refusal(answer, left):
    """Whether what is left was refused without a word about the single instances."""
    named = any(one.uid in answer.fates.failed for one in left)
    return 400 <= answer.status < 500 and answer.status not in (408, 429) and not named


def _settle(batch, answer):
    """Only what the server names is settled, whatever the status: Orthanc 1.10 answers 400 when it stored all but one."""
    fates = answer.fates
    for one in batch:
        if one.uid in fates.failed:
            _settle_failed(one, fates.failed[one.uid])
        elif one.uid in fates.stored:
            warning = fates.stored[one.uid]
            if warning is None:
                one.settle(STORED, arrived=True)
            else:
                one.settle(WARNING, f"stored, with {words(warning)}", arrived=True)
    if len(batch) == 1 and batch[0].status is None and _is_refusal(answer, batch):
        batch[0].settle(REFUSED, _refusal(batch[0], answer.found), Exit.DATA)


def _settle_failed(one, reason):
    if is_duplicate(reason):
        one.settle(WARNING, f"not stored again, {words(reason)}: the server keeps its instance of this UID")
    elif not may_pass(reason):
        one.settle(REFUSED, _refusal(one, words(reason)), Exit.DATA)


def _refusal(one, found):
    return (f"Refused by the server: found {found}, expected it to be stored. Its transfer syntax is {one.transfer_syntax}: "
            "if the server does not take that, write the series with another --syntax.")


def _queue_again(queue, left, answer):
    """What may be the fault of single instances goes to the end and keeps back nobody; the rest keeps its turn."""
    if answer.status == 500 or answer.timed_out:
        queue.extend([one] for one in left)
    elif answer.fates.stored or answer.fates.failed or 200 <= answer.status < 300:
        queue.append(left)
    else:
        queue.appendleft(left)


def _wait(answer, fruitless, endpoint, options, say):
    found = answer.found if not 200 <= answer.status < 300 else f"{answer.found} without a word about some instances, or with failures that may pass"
    trouble = f"Server trouble: found {found}, expected every instance to be stored. At {endpoint.url}."
    if fruitless >= options.attempts or answer.retry_after > LONGEST_RETRY_AFTER:
        asked = f" The server asks to wait {answer.retry_after:.0f} s." if answer.retry_after else ""
        raise Stop(Exit.TRY_AGAIN, f"{trouble}{asked} Try again later: a repeat is harmless, --record leaves out what is stored.")
    seconds = min(options.wait * 2 ** (fruitless - 1), LONGEST_WAIT) * random.uniform(0.5, 1)
    seconds = max(seconds, answer.retry_after)
    say(f"{trouble} Attempt {fruitless + 1} of {options.attempts} in {seconds:.1f} s.")
    time.sleep(seconds)
