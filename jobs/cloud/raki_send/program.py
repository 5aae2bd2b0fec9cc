"""The program: reads options, sends, reports, ends with the exit code that fits."""

from raki_cloud.ending import ended
from raki_cloud.exits import Exit, Stop

from . import record
from .delivery import deliver
from .endpoint import open_endpoint
from .files import FAILED, find_files, read_instances
from .options import parse
from .report import print_settled, print_summary, say


def main():
    return ended(run, say, "Interrupted before anything was sent. Start it again.")


def run(arguments):
    """One run, and its exit code; throws Stop where nothing was sent."""
    options = parse(arguments)
    endpoint = open_endpoint(options)
    paths, left_out = find_files(options.files)
    with record.opened(options.record) as stream:
        instances = read_instances(paths, options.most_bytes, stream is not None)
        if stream is not None:
            record.mark_recorded(instances, stream, endpoint.url)
        code = send(instances, endpoint, options, stream)
    if not options.json:
        print_summary(instances, left_out, endpoint.url)
    return code


def send(instances, endpoint, options, stream):
    """Settles every instance, one way or the other."""
    printed = 0

    def show():
        nonlocal printed
        if options.json:
            printed = print_settled(instances, printed)

    def after_request(batch):
        if stream is not None:
            record.add_to_record(batch, stream, endpoint.url)
        show()

    try:
        deliver(instances, endpoint, options, after_request, say)
        code = max(one.code for one in instances)
    except Stop as stop:
        code = give_up(instances, stop.code, str(stop))
    except KeyboardInterrupt:
        code = give_up(instances, Exit.TRY_AGAIN, "Interrupted. Start it again: a repeat is harmless.")
    show()
    return code


def give_up(instances, code, text):
    """Tells why, and settles what is left with the first words of it."""
    say(text)
    for one in instances:
        if one.status is None:
            one.settle(FAILED, ("Not known to be stored. " if one.attempts else "Not sent. ") + text.partition(", expected")[0])
    return code
