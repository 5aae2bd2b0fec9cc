"""raki-job on a disk with a stub engine: what is published, what a failing engine costs, what repeats do."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time

import pytest
from job_runs import STUB, command, environment, leftovers, result_of, run_job, scan_bytes, success, write_inputs, write_manifest


def stub_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def failure(folder):
    note, = folder.glob("*/_FAILURE.json")
    return json.loads(note.read_text())


def test_every_unit_is_published_by_one_warm_engine(tmp_path):
    units = [{"id": name, "input": path, "options": {"seed": number}} for number, (name, path) in enumerate(write_inputs(tmp_path, 5))]
    manifest = write_manifest(tmp_path, units, options={"method": "raki", "noise-map": True})
    ran = run_job(manifest, "--threads", 2, worker=f"{STUB} --tell {tmp_path / 'told'}")
    assert [result_of(tmp_path / "out" / f"u{n}") for n in range(5)] == [hashlib.sha256(scan_bytes(n)).hexdigest() for n in range(5)]
    note = success(tmp_path / "out" / "u3")
    assert note["options"] == {"method": "raki", "noise-map": True, "seed": 3} and note["engine"] == "stub 1" and note["attempt"] == 1
    assert note["input"] == {"sha256": hashlib.sha256(scan_bytes(3)).hexdigest(), "bytes": 1000} and set(note["seconds"]) == {"fetch", "compute", "publish"}
    told = stub_log(tmp_path / "told")
    assert len({unit["pid"] for unit in told}) == 1 and told[0]["threads"] == ["--threads", "2"]
    assert (ran.summary["units"], ran.summary["done"], ran.summary["skipped"], ran.summary["failed"]) == (5, 5, 0, 0)
    assert ran.summary["bytes"] == sum(one["bytes"] for n in range(5) for one in success(tmp_path / "out" / f"u{n}")["files"])
    assert leftovers(tmp_path) == [] and ran.stderr == ""


def test_an_index_has_its_units_only(tmp_path):
    manifest = write_manifest(tmp_path, write_inputs(tmp_path, 5), units_per_index=2)
    ran = run_job(manifest, AWS_BATCH_JOB_ID="j:1", AWS_BATCH_JOB_ARRAY_INDEX=1, AWS_BATCH_JOB_ARRAY_SIZE=3, AWS_BATCH_JOB_ATTEMPT=2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["u2", "u3"]
    assert ran.summary["index"] == 1 and ran.summary["job"] == "j:1" and success(tmp_path / "out" / "u2")["attempt"] == 2
    run_job(manifest, SLURM_JOB_ID=5, SLURM_ARRAY_TASK_ID=2)
    run_job(manifest, "--index", 0, SLURM_JOB_ID=5, SLURM_ARRAY_TASK_ID=2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"u{n}" for n in range(5)]
    run_job(manifest, "--index", 3, code=78)


def test_an_array_shorter_than_its_manifest_computes_nothing(tmp_path):
    manifest = write_manifest(tmp_path, write_inputs(tmp_path, 5), units_per_index=2)
    ran = run_job(manifest, code=78, AWS_BATCH_JOB_ID="j:1", AWS_BATCH_JOB_ARRAY_INDEX=1, AWS_BATCH_JOB_ARRAY_SIZE=2)
    assert "found 2 indices, expected 3" in ran.events("stopped")[0]["error"] and not (tmp_path / "out").exists()


def test_when_time_is_up_no_further_unit_is_begun_and_the_next_attempt_goes_on(tmp_path):
    units = [(name, path, {"stub-seconds": 0.6}) for name, path in write_inputs(tmp_path, 4)]
    manifest, scratch = write_manifest(tmp_path, units), tmp_path / "scratch"
    scratch.mkdir()
    ran = run_job(manifest, "--stop-after", 0.7, "--scratch", scratch, code=75)
    done = ran.summary["done"]  # 1 or 2: as many as this machine begins in the time
    assert done in (1, 2) and ran.summary["units"] == done and ran.events("stopped")[0]["exit"] == 75 and "Time is up" in ran.stdout
    assert leftovers(tmp_path) == [] and list(scratch.iterdir()) == []
    ran = run_job(manifest, "--stop-after", 0.001, code=75)
    assert (ran.summary["done"], ran.summary["skipped"]) == (1, done)  # each attempt gets further, however long it takes to see what is done
    assert run_job(manifest, RAKI_STOP_AFTER=600).summary["done"] == 3 - done
    assert [result_of(tmp_path / "out" / f"u{n}") for n in range(4)] == [hashlib.sha256(scan_bytes(n)).hexdigest() for n in range(4)]


def test_only_noise_is_raw_data_that_needs_converting(tmp_path):
    write_inputs(tmp_path, 1)
    for name in ("noise.dat", "mask.raw"):
        (tmp_path / name).write_bytes(b"x")
    run_job(write_manifest(tmp_path, [("u", "0.h5", {"mask": "mask.raw"})]))
    ran = run_job(write_manifest(tmp_path, [("u", "0.h5", {"noise": "noise.dat"})]), code=65)
    assert "raw data of Siemens" in ran.stdout and "In the file of option noise" in ran.stdout


def test_files_that_options_name_are_handed_on_and_decide_the_run(tmp_path):
    write_inputs(tmp_path, 1)
    (tmp_path / "noise.h5").write_bytes(b"noise")
    manifest = write_manifest(tmp_path, [("u", "0.h5", {"noise": "noise.h5"})])
    run_job(manifest)
    first = success(tmp_path / "out" / "u")
    made = json.loads((tmp_path / "out" / "u" / first["run_id"] / "recon.json").read_text())
    assert made["options"] == {"noise": str(tmp_path / "noise.h5")} and first["options"] == {"noise": "noise.h5"}
    assert first["input"]["options"] == {"noise": {"sha256": hashlib.sha256(b"noise").hexdigest(), "bytes": 5}}
    assert run_job(manifest).summary["skipped"] == 1
    (tmp_path / "noise.h5").write_bytes(b"other")
    assert run_job(manifest).summary["done"] == 1 and len(list((tmp_path / "out" / "u").iterdir())) == 2
    (tmp_path / "noise.h5").unlink()
    assert "the file of option noise" in run_job(manifest, code=66).events("unit-failed")[0]["error"]
    (tmp_path / "noise.h5").mkdir()
    assert "found a folder, expected one file. At the file of option noise" in run_job(manifest, code=65).events("unit-failed")[0]["error"]


def test_a_repeat_does_nothing(tmp_path):
    manifest = write_manifest(tmp_path, write_inputs(tmp_path, 3))
    run_job(manifest)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ran = run_job(manifest, worker=f"{STUB} --tell {tmp_path / 'told'}")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before and not (tmp_path / "told").exists()
    assert (ran.summary["done"], ran.summary["skipped"]) == (0, 3)


def test_another_input_option_or_engine_is_another_run(tmp_path):
    write_inputs(tmp_path, 1)
    run_job(write_manifest(tmp_path, [("u", "0.h5")]))
    run_job(write_manifest(tmp_path, [("u", "0.h5", {"seed": 1})]))
    run_job(write_manifest(tmp_path, [("u", "0.h5")]), worker=f"{STUB} --version-line next")
    (tmp_path / "0.h5").write_bytes(scan_bytes(9))
    run_job(write_manifest(tmp_path, [("u", "0.h5")]))
    assert len(list((tmp_path / "out" / "u").glob("*/_SUCCESS.json"))) == 4


@pytest.mark.parametrize("code", [64, 65, 66, 70, 71, 77, 78])
def test_a_bad_unit_is_noted_and_the_others_are_done(tmp_path, code):
    good = write_inputs(tmp_path, 3)
    bad = ("bad", "0.h5", {"stub-exit": code, "stub-error": "Secret^Name"})
    ran = run_job(write_manifest(tmp_path, [good[0], bad, *good[1:]]), code=code)
    for name, _ in good:
        success(tmp_path / "out" / name)
    assert failure(tmp_path / "out" / "bad") == {"format": "raki-failure-1", "unit": "bad", "run_id": next((tmp_path / "out" / "bad").iterdir()).name,
                                                 "exit": code, "error": "Secret^Name"}
    assert [line["exit"] for line in ran.events("unit-failed")] == [code] and "Secret" not in ran.stdout + ran.stderr
    assert ran.summary["failed"] == 1 and leftovers(tmp_path) == []


@pytest.mark.parametrize("code", [69, 73, 74, 75])
def test_what_may_pass_elsewhere_leaves_no_note(tmp_path, code):
    ran = run_job(write_manifest(tmp_path, [("bad", "0.h5", {"stub-exit": code}), *write_inputs(tmp_path, 1)]), code=75 if code == 74 else code)
    assert [line["exit"] for line in ran.events("unit-failed")] == [code]
    assert list((tmp_path / "out").rglob("_FAILURE.json")) == [] and ran.summary["retry"] == (code in (74, 75))
    success(tmp_path / "out" / "u0")


def test_one_that_may_pass_decides_the_exit(tmp_path):
    write_inputs(tmp_path, 1)
    run_job(write_manifest(tmp_path, [("a", "0.h5", {"stub-exit": 70}), ("b", "0.h5", {"stub-exit": 74}), ("c", "0.h5", {"stub-exit": 65})]), code=75)


def test_an_unknown_exit_is_the_engines_bug(tmp_path):
    write_inputs(tmp_path, 1)
    run_job(write_manifest(tmp_path, [("a", "0.h5", {"stub-exit": 3})]), code=70)


def test_a_success_wins_over_the_failure_beside_it(tmp_path):
    write_inputs(tmp_path, 1)
    manifest = write_manifest(tmp_path, [("u", "0.h5", {"stub-exit": 71, "stub-once": "u"})])
    run_job(manifest, code=71, STUB_STATE=tmp_path)
    place, = (tmp_path / "out" / "u").iterdir()
    run_job(manifest, STUB_STATE=tmp_path)
    assert success(tmp_path / "out" / "u")["run_id"] == place.name and (place / "_FAILURE.json").exists()
    assert run_job(manifest, STUB_STATE=tmp_path).summary["skipped"] == 1 and leftovers(tmp_path) == []


@pytest.mark.parametrize("trouble", [{"stub-signal": 9}, {"stub-signal": 11}, {"stub-leave": 70}, {"stub-leave": 0}, {"stub-garbage": True}])
def test_an_engine_that_dies_once_is_started_again(tmp_path, trouble):
    units = [*write_inputs(tmp_path, 2), ("bad", "0.h5", {**trouble, "stub-once": "x"})]
    ran = run_job(write_manifest(tmp_path, units), STUB_STATE=tmp_path, worker=f"{STUB} --tell {tmp_path / 'told'}")
    assert result_of(tmp_path / "out" / "bad") == result_of(tmp_path / "out" / "u0")
    assert len({unit["pid"] for unit in stub_log(tmp_path / "told")}) == 2
    assert len(ran.events("worker-died")) == 1 and leftovers(tmp_path) == []


@pytest.mark.parametrize("trouble, code", [({"stub-signal": 9}, 75), ({"stub-signal": 11}, 70), ({"stub-signal": 6}, 70), ({"stub-leave": 71}, 71), ({"stub-leave": 3}, 70)])
def test_an_engine_that_dies_twice_costs_its_unit_only(tmp_path, trouble, code):
    good = write_inputs(tmp_path, 2)
    ran = run_job(write_manifest(tmp_path, [("bad", "0.h5", trouble), *good]), code=code)
    for name, _ in good:
        success(tmp_path / "out" / name)
    assert len(ran.events("worker-died")) == 2 and len(ran.events("worker-ready")) == 3 and leftovers(tmp_path) == []


def test_an_engine_that_hangs_is_killed_in_time(tmp_path):
    good = write_inputs(tmp_path, 2)
    ran = run_job(write_manifest(tmp_path, [("bad", "0.h5", {"stub-hang": True}), *good]), "--unit-timeout", 1.5, code=75, timeout=30)
    for name, _ in good:
        success(tmp_path / "out" / name)
    assert len(ran.events("worker-killed")) == 1 and leftovers(tmp_path) == []


@pytest.mark.parametrize("arguments, code, words", [("--not-ready 69", 69, "driver too old"), ("--not-ready 3", 70, "driver too old"), ("--silent", 75, "silent")])
def test_without_an_engine_nothing_is_done(tmp_path, arguments, code, words):
    ran = run_job(write_manifest(tmp_path, write_inputs(tmp_path, 2)), "--start-timeout", 2, worker=f"{STUB} {arguments}", code=code)
    assert words in ran.events("stopped")[0]["error"] and not (tmp_path / "out").exists()


def test_a_missing_engine_is_a_configuration_error(tmp_path):
    ran = run_job(write_manifest(tmp_path, write_inputs(tmp_path, 1)), worker="no-such-engine", code=78)
    assert "--worker" in ran.events("stopped")[0]["error"]


@pytest.mark.parametrize("trouble, code", [({"stub-lie": True}, 75), ({"stub-empty": True}, 70)])
def test_a_result_that_is_not_what_the_engine_says_is_not_published(tmp_path, trouble, code):
    write_inputs(tmp_path, 1)
    run_job(write_manifest(tmp_path, [("u", "0.h5", trouble)]), code=code)
    assert list(tmp_path.rglob("_SUCCESS.json")) == [] and leftovers(tmp_path) == []


def test_a_missing_input_is_noted(tmp_path):
    run_job(write_manifest(tmp_path, [("a", "absent.h5"), *write_inputs(tmp_path, 1)]), code=66)
    assert failure(tmp_path / "out" / "a")["exit"] == 66
    success(tmp_path / "out" / "u0")


def test_a_missing_manifest(tmp_path):
    assert "the manifest" in run_job(tmp_path / "Secret^Name.json", code=66).events("stopped")[0]["error"]


def test_an_input_that_changed_since_the_manifest_is_refused(tmp_path):
    write_inputs(tmp_path, 1)
    run_job(write_manifest(tmp_path, [{"id": "u", "input": "0.h5", "bytes": 999}]), code=65)


def test_folders_and_pairs(tmp_path):
    for name, data in (("study/a.cfl", b"1"), ("study/a.hdr", b"2"), ("one.cfl", b"3"), ("one.hdr", b"4")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    manifest = write_manifest(tmp_path, [("folder", "study/"), ("pair", "one.cfl")])
    run_job(manifest)
    assert result_of(tmp_path / "out" / "folder") == hashlib.sha256(b"12").hexdigest() and result_of(tmp_path / "out" / "pair") == hashlib.sha256(b"34").hexdigest()
    (tmp_path / "one.hdr").write_bytes(b"5")
    assert run_job(manifest).summary["done"] == 1  # the header is part of the identity


CONVERTER = "import sys; data = open(sys.argv[1], 'rb').read(); sys.exit(3) if data == b'bad' else open(sys.argv[2], 'wb').write(b'made of ' + data)"


def test_scratch_holds_two_inputs_at_most(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(__file__, "a.h5")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    manifest = write_manifest(tmp_path, [(f"u{n}", "a.tar", {"stub-seconds": 0.2}) for n in range(6)])
    process = subprocess.Popen(list(map(str, command(manifest, "--scratch", scratch))), stdout=subprocess.DEVNULL, env=environment())
    most = 0
    while process.poll() is None:
        most = max(most, len(list(scratch.glob(".raki-*/.raki-*/in"))))
        time.sleep(0.02)
    assert process.returncode == 0 and most == 2 and leftovers(tmp_path) == []


def test_raw_data_of_vendors_are_converted(tmp_path):
    (tmp_path / "converter.py").write_text(CONVERTER)
    for name, data in (("a.dat", b"raw"), ("b.dat", b"bad"), ("c.7", b"ge")):
        (tmp_path / name).write_bytes(data)
    rule = f".dat={sys.executable} {tmp_path / 'converter.py'} {{input}} {{output}}"
    ran = run_job(write_manifest(tmp_path, [("a", "a.dat"), ("b", "b.dat"), ("c", "c.7")]), code=65, RAKI_CONVERT=rule)
    assert result_of(tmp_path / "out" / "a") == hashlib.sha256(b"made of raw").hexdigest()
    texts = [line["error"] for line in ran.events("unit-failed")]
    assert "exit code 3" in texts[0] and "ge_to_ismrmrd" in texts[1] and "--convert" in texts[1]
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == [] and leftovers(tmp_path) == []


def test_a_converter_that_hangs_or_is_absent(tmp_path):
    (tmp_path / "a.dat").write_bytes(b"raw")
    manifest = write_manifest(tmp_path, [("a", "a.dat")])
    run_job(manifest, "--convert", f".dat={sys.executable} -c 'import time; time.sleep(600)' {{input}} {{output}}", "--fetch-timeout", 1, code=75, timeout=30)
    run_job(manifest, "--convert", ".dat=no-such-program {input} {output}", code=78)


def test_a_converter_ends_with_a_job_whose_time_is_up(tmp_path):
    (tmp_path / "b.dat").write_bytes(b"raw")
    (tmp_path / "converter.py").write_text(f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    units = [("a", "0.h5", {"stub-seconds": 1.5}), ("b", "b.dat")]
    write_inputs(tmp_path, 1)
    began = time.monotonic()
    run_job(write_manifest(tmp_path, units), "--stop-after", 0.1, "--convert", f".dat={sys.executable} {tmp_path / 'converter.py'} {{input}} {{output}}", code=75)
    assert time.monotonic() - began < 10 and leftovers(tmp_path) == []
    assert not pathlib.Path("/proc", (tmp_path / "pid").read_text()).exists()


@pytest.mark.skipif(os.geteuid() == 0 and not pathlib.Path("/proc/1").exists(), reason="needs /proc")
def test_where_nothing_can_be_written(tmp_path):
    write_inputs(tmp_path, 1)
    (tmp_path / "out").write_text("a file in the way")
    ran = run_job(write_manifest(tmp_path, [("u", "0.h5")]), code=73)
    assert "expected a folder to write to" in ran.events("unit-failed")[0]["error"]
    run_job(write_manifest(tmp_path, [("u", "0.h5")], output="new"), "--scratch", tmp_path / "absent", code=73)


def test_nothing_private_is_told(tmp_path):
    """Names in ids, paths, archive members, errors, the engine's log; whatever goes wrong."""
    private = tmp_path / "Secret-Name"
    private.mkdir()
    write_inputs(private, 1)
    (private / "Secret-Name.dat").write_bytes(b"Secret-Name")
    (private / "Secret-Name.tar").write_bytes(b"Secret-Name")
    units = [("Secret-Name.1", "0.h5"), ("Secret-Name.2", "0.h5", {"stub-exit": 65, "stub-error": "Secret-Name"}), ("Secret-Name.3", "Secret-Name.dat"),
             ("Secret-Name.4", "Secret-Name.tar"), ("Secret-Name.5", "Secret-Name-absent"), ("Secret-Name.6", "0.h5", {"stub-signal": 11})]
    ran = run_job(write_manifest(private, units, output="Secret-Name-out"), code=70)
    assert len(ran.events("unit-failed")) == 5 and "Secret" not in ran.stdout + ran.stderr
    with_log = run_job(write_manifest(private, units[:1], output="again"), "--engine-log")
    assert "Secret" in with_log.stderr and "Secret" not in with_log.stdout  # asked for: this text shows that the test above can fail
