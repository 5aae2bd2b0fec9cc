"""What a notebook needs of a call that takes long: other threads run, Ctrl-C stops it, progress is told, the log is Python's."""

import logging
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import raki
from built_package import PACKAGE


def test_other_threads_run_meanwhile(kspace, phantom):
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.002):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    raki.reconstruct(kspace, phantom.mask, "raki")
    end = time.perf_counter()
    stop.set()
    thread.join()
    during = [t for t in ticks if begin < t < end]
    assert len(during) > 10
    assert max(np.diff([begin, *during, end])) < max(0.25, 0.5 * (end - begin))


def test_threads_get_what_one_gets(kspace, phantom):
    expected = raki.reconstruct(kspace, phantom.mask, "linear").image
    found = [None] * 6

    def work(i):
        found[i] = raki.reconstruct(kspace, phantom.mask, "linear").image

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(found))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert all(np.array_equal(image, expected) for image in found)


@pytest.mark.parametrize("call", ["raki.reconstruct(k, p.mask, 'raki-2019', iterations=100000)",
                                  "raki.reconstruct(k, p.mask, 'raki')",
                                  "raki.interpolate(k, p.mask, 'iraki', epochs=100000)",
                                  "raki.train(k, p.mask, raki.Network(6, 4, frames=40, iterations=100000))",
                                  "raki.evaluate(full, methods=['hybrid', 'raki'], repeats=1000)"])
def test_ctrl_c_stops_it(call):
    program = textwrap.dedent(f"""
        import signal, sys, numpy as np, raki
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with & ignores Ctrl-C
        p = raki.phantom(slices=40, coils=6, matrix_x=96, matrix_y=96, acs=24, oversampling=1)
        full = raki.phantom(slices=2, coils=6, matrix_x=96, matrix_y=96, acceleration=1, acs=0, oversampling=1).kspace
        k = p.kspace
        print("ready", flush=True)
        try:
            {call}
            print("ended")
        except KeyboardInterrupt:
            print("stopped", flush=True)
        print(raki.root_sum_of_squares(np.ones((2, 4, 4), np.complex64)).shape)
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={"PYTHONPATH": str(PACKAGE), "PATH": "/usr/bin:/bin"}) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert output == "stopped\n(4, 4)\n", errors
    assert time.monotonic() - begin < 5


def test_progress_rises_to_one(kspace, phantom, scan_file):
    for work in (lambda tell: raki.reconstruct(kspace, phantom.mask, "raki", progress=tell),
                 lambda tell: raki.reconstruct(raki.read_scan(scan_file), method="hybrid", noise_map=True, progress=tell)):
        told = []
        work(told.append)
        assert told[-1] == 1 and told == sorted(told) and all(0 <= t <= 1 for t in told)


def test_what_a_callback_raises_comes_out(kspace, phantom):
    class Enough(Exception):
        pass

    def stop(done):
        raise Enough(done)

    with pytest.raises(Enough):
        raki.reconstruct(kspace, phantom.mask, "raki", progress=stop)
    assert raki.reconstruct(kspace, phantom.mask, "linear").image.max() > 0


def test_seeds_repeat_and_differ(kspace, phantom):
    images = [raki.reconstruct(kspace, phantom.mask, "raki-2019", iterations=20, seed=seed).image for seed in (1, 1, 2)]
    assert np.array_equal(images[0], images[1]) and not np.array_equal(images[0], images[2])


def test_messages_go_to_pythons_logging(kspace, phantom, caplog, capfd):
    with caplog.at_level(logging.DEBUG, logger="raki"):
        raki.reconstruct(kspace, phantom.mask, "linear")
    steps = [record for record in caplog.records if record.name == "raki"]
    assert any("transform" in record.getMessage() and record.levelno == logging.DEBUG for record in steps)
    assert capfd.readouterr().err == ""
