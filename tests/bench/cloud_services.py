"""How fast an image set comes back from HealthImaging's double (512 frames of 256 x 256, each answer 50 ms late), and what raki-job serve adds to the engine's time (a
stub that does nothing). Run: RAKI_BUILD=... python tests/bench/cloud_services.py"""

import copy
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent / "jobs" / "cloud")]

import job_runs  # noqa: E402
import pydicom  # noqa: E402
from health_imaging_double import DATASTORE, health_imaging  # noqa: E402

RAKI = pathlib.Path(os.environ.get("RAKI_BUILD", TESTS.parent / "build")) / "bin" / "raki"
FRAMES, REQUESTS, PORT = 512, 50, 18099
DELAY = 0.05  # seconds of HealthImaging for an answer: a guess


def fetching(folder, connections):
    with health_imaging(None) as double:
        subprocess.run([RAKI, "phantom", "-o", folder / "scan.h5", "--matrix-x", "256", "--matrix-y", "256"], check=True, capture_output=True)
        subprocess.run([RAKI, "recon", folder / "scan.h5", "-o", folder / f"out{connections}", "-m", "grappa", "-q"], check=True, capture_output=True)
        image_set = double.add(pydicom.dcmread(folder / f"out{connections}" / "series001" / "image0001.dcm"))
        instances = next(iter(double.sets[image_set]["Study"]["Series"].values()))["Instances"]
        uid, first = next(iter(instances.items()))
        for number in range(1, FRAMES):
            one = copy.deepcopy(first)
            one["ImageFrames"][0]["ID"] = f"{1000 + number:032x}"
            double.frames[one["ImageFrames"][0]["ID"]] = double.frames[first["ImageFrames"][0]["ID"]]
            instances[f"{uid[:50]}.{number}"] = one
        double.delay, began = DELAY, time.monotonic()
        subprocess.run([sys.executable, job_runs.JOB.with_name("raki-health-imaging"), "fetch-imageset", image_set, "--datastore", DATASTORE, "--raki", RAKI, "-o",
                        folder / f"set{connections}", "--connections", str(connections)], check=True, env=job_runs.environment(AWS_ENDPOINT_URL=double.url),
                       stdout=subprocess.DEVNULL)
        return time.monotonic() - began


def serving(folder):
    """Mean seconds of a request of 1 MB."""
    command = [sys.executable, job_runs.JOB, "serve", "--listen", f"127.0.0.1:{PORT}", "--worker", job_runs.STUB, "--scratch", folder]
    server = subprocess.Popen([str(word) for word in command], env=job_runs.environment(), stdout=subprocess.DEVNULL)
    try:
        while ask("GET", "/ping") != 200:
            time.sleep(0.1)
        began = time.monotonic()
        for number in range(REQUESTS):
            assert ask("POST", "/invocations", number.to_bytes(8, "little") * (1 << 17)) == 200
        return (time.monotonic() - began) / REQUESTS
    finally:
        server.terminate()
        server.wait()


def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-hdf5"})
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


with tempfile.TemporaryDirectory() as name:
    for connections in (1, 8):
        seconds = fetching(pathlib.Path(name), connections)
        print(f"fetch-imageset, {FRAMES} frames, --connections {connections}: {seconds:.1f} s, {FRAMES / seconds:.0f} frames a second")
    print(f"serve: {1000 * serving(pathlib.Path(name)):.0f} ms a request")
