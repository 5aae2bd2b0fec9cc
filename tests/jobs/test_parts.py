"""The pure parts of jobs/cloud: exit codes, who a job is, manifests, identities, log lines, command lines."""

import dataclasses
import json

import botocore.exceptions
import pytest
from raki_cloud import command_line
from raki_cloud.exits import Exit, Stop, may_pass, overall
from raki_cloud.index import Identity, who_am_i
from raki_cloud.log import Log, unit_name
from raki_cloud.manifest import Unit, parse
from raki_cloud.s3 import place_of, stop_of
from raki_job.convert import converters
from raki_job.identity import run_id
from raki_job.options import RunOptions, parse_run

MANIFEST = {"format": "raki-manifest-1", "output": "out", "units": [{"id": "a", "input": "a.h5"}, {"id": "b", "input": "s3://raw/b.h5"}]}


def manifest(base="/data/", **changes):
    return parse(json.dumps({**MANIFEST, **changes}).encode(), base)


def test_the_exit_codes_are_those_of_the_engine():
    assert sorted(Exit) == [0, 64, 65, 66, 69, 70, 71, 73, 74, 75, 77, 78]
    assert {code for code in Exit if may_pass(code)} == {74, 75}


@pytest.mark.parametrize("codes, expected", [([], 0), ([0, 0], 0), ([0, 65], 65), ([70, 65, 74], 75), ([74, 75, 0], 75), ([65, 70, 71], 70), ([71, 69], 71),
                                             ([69, 77], 69), ([66, 77], 77), ([65, 66], 66), ([65, 78], 65), ([73, 64], 64)])
def test_of_many_exits_the_one_that_may_pass_wins_then_the_worst(codes, expected):
    assert overall(map(Exit, codes)) == expected


@pytest.mark.parametrize("environment, index, expected", [
    ({}, None, Identity()),
    ({}, 3, Identity(3)),
    ({"AWS_BATCH_JOB_ID": "j:7", "AWS_BATCH_JOB_ARRAY_INDEX": "7", "AWS_BATCH_JOB_ARRAY_SIZE": "9", "AWS_BATCH_JOB_ATTEMPT": "2"}, None,
     Identity(7, 9, True, 2, "j:7")),
    ({"AWS_BATCH_JOB_ID": "j", "AWS_BATCH_JOB_ATTEMPT": "1"}, None, Identity(None, None, False, 1, "j")),
    ({"SLURM_JOB_ID": "12", "SLURM_ARRAY_JOB_ID": "10", "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "1",
      "SLURM_RESTART_COUNT": "1"}, None, Identity(5, 1, False, 2, "10")),
    ({"SLURM_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "5", "RAKI_INDEX_OFFSET": "1000"}, None, Identity(1005, None, False, 1, "12")),
    ({"SLURM_JOB_ID": "12"}, None, Identity(None, None, False, 1, "12")),
    ({"AWS_BATCH_JOB_ID": "j", "AWS_BATCH_JOB_ARRAY_INDEX": "0", "SLURM_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "5"}, None, Identity(0, None, False, 1, "j")),
    ({"AWS_BATCH_JOB_ID": "j", "AWS_BATCH_JOB_ARRAY_INDEX": "7", "RAKI_INDEX_OFFSET": "5"}, 2, Identity(2, None, False, 1, "j"))])
def test_who_a_job_is(environment, index, expected):
    assert who_am_i(environment, index) == expected


def test_an_index_that_is_no_number_is_refused():
    with pytest.raises(Stop) as stop:
        who_am_i({"AWS_BATCH_JOB_ID": "j", "AWS_BATCH_JOB_ARRAY_INDEX": "-1"})
    assert stop.value.code == 78


def test_paths_are_relative_to_the_manifest():
    assert [unit.place for unit in manifest().units] == ["/data/a.h5", "s3://raw/b.h5"] and manifest().output == "/data/out"
    assert manifest("s3://raw/day/").units[0].place == "s3://raw/day/a.h5" and manifest("s3://raw/day/").output == "s3://raw/day/out"
    assert manifest(units=[{"id": "a", "input": "../x/"}]).units[0].place == "/x/"
    assert manifest("s3://raw/day/", output="/mnt/out/").output == "/mnt/out"


def test_units_have_the_options_of_all_and_their_own_over_them():
    made = manifest("s3://raw/", options={"method": "raki", "seed": 1},
                    units=[{"id": "a", "input": "a", "options": {"seed": 2, "parts": ["phase"]}, "bytes": 5, "etag": '"e"'}])
    assert made.units == [Unit("a", "a", "s3://raw/a", {"method": "raki", "seed": 2, "parts": ["phase"]}, 5, "e")]


def test_files_that_options_name_are_found_as_inputs_are():
    options = {"noise": "noise.h5", "dicom-template": "s3://forms/a.json"}
    made = manifest("s3://raw/day/", options=options, units=[{"id": "a", "input": "a.h5"}, {"id": "b", "input": "b.h5", "options": {"noise": "/shared/b.h5"}}])
    assert [unit.files for unit in made.units] == [{"dicom-template": "s3://forms/a.json", "noise": "s3://raw/day/noise.h5"},
                                                   {"dicom-template": "s3://forms/a.json", "noise": "/shared/b.h5"}]
    assert made.units[0].options == options  # as written: that is what their run is known by, with what was found there


@pytest.mark.parametrize("per_index, index, expected", [(1, 0, "a"), (1, 2, "c"), (2, 0, "ab"), (2, 1, "c"), (5, 0, "abc"), (1, None, "abc")])
def test_units_are_packed_into_indices(per_index, index, expected):
    made = manifest(units_per_index=per_index, units=[{"id": name, "input": "x"} for name in "abc"])
    assert "".join(unit.id for unit in made.of_index(Identity(index))) == expected and made.indices == -(-3 // per_index)


@pytest.mark.parametrize("changes", [
    {"format": "raki-manifest-2"}, {"more": 1}, {"units": []}, {"units": {}}, {"units_per_index": 0}, {"units_per_index": True}, {"output": ""},
    {"output": "http://x/y"}, {"output": "s3://B/y"}, {"options": {"overwrite": True}}, {"options": {"noise": 1}}, {"options": {"noise": ""}}, {"options": {"mask": "x.zip"}}, {"options": {"mask": "x/"}}, {"options": {"mask": "s3://bucket"}}, {"options": {"trust": True}},
    {"options": {"noise": "http://x/y"}}, {"units": [{"id": "a", "input": "x", "etag": "e"}]}, {"units": [{"id": "a", "input": "s3://raw/x/", "etag": "e"}]},
    {"options": {"--method": "raki"}}, {"options": {"x": None}},
    {"options": {"x": [1]}}, {"options": {"x": {}}}, {"options": []}, {"units": [{"id": "a"}]}, {"units": [{"id": "a", "input": "x", "size": 1}]},
    {"units": [{"id": "a", "input": "x"}] * 2}, {"units": [{"id": "..", "input": "x"}]}, {"units": [{"id": "a/b", "input": "x"}]},
    {"units": [{"id": "a" * 129, "input": "x"}]}, {"units": [{"id": "a\n", "input": "x"}]}, {"units": [{"id": "a", "input": "x", "bytes": -1}]},
    {"units": [{"id": "a", "input": "x\ny"}]}, {"units": [{"id": "a", "input": 1}]}, {"units": [{"id": str(n), "input": "x"} for n in range(10_001)]}])
def test_half_a_manifest_is_none(changes):
    with pytest.raises(Stop) as stop:
        manifest(**changes)
    assert stop.value.code == 78 and "expected" in str(stop.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b'{"format": NaN}', b'{"format":"raki-manifest-1","format":"raki-manifest-1","output":"o","units":[]}',
                                  b"[" * 100_000])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(Stop) as stop:
        parse(text, "/data/")
    assert stop.value.code == 78


def test_a_manifest_in_s3_stays_in_its_prefix():
    with pytest.raises(Stop):
        manifest("s3://raw/day/", units=[{"id": "a", "input": "../other/a.h5"}])
    with pytest.raises(Stop):
        manifest("s3://raw/day/", options={"mask": "../other/mask.npy"})


def test_an_index_beyond_the_last_is_refused():
    with pytest.raises(Stop) as stop:
        manifest().of_index(Identity(2))
    assert stop.value.code == 78 and "0 to 1" in str(stop.value)


def test_an_array_that_leaves_units_out_is_refused():
    made = manifest(units_per_index=2, units=[{"id": name, "input": "x"} for name in "abcde"])
    for me in (Identity(0, 3, True), Identity(0, 4, True), Identity(0, 1)):
        assert made.of_index(me)
    with pytest.raises(Stop) as stop:
        made.of_index(Identity(0, 2, True))
    assert stop.value.code == 78 and "found 2 indices, expected 3" in str(stop.value)


UNIT = Unit("a", "x.h5", "/data/x.h5", {"method": "raki", "seed": 1})
SEEN = {"etag": "e", "bytes": 5}


def test_a_run_is_known_by_all_that_decides_its_result():
    same = run_id(UNIT, SEEN, "raki 1")
    assert len(same) == 32 and same == run_id(dataclasses.replace(UNIT, place="/moved/x.h5", options={"seed": 1, "method": "raki"}), dict(SEEN), "raki 1")
    others = [run_id(dataclasses.replace(UNIT, id="b"), SEEN, "raki 1"), run_id(dataclasses.replace(UNIT, input="y"), SEEN, "raki 1"),
              run_id(dataclasses.replace(UNIT, options={"method": "raki", "seed": 2}), SEEN, "raki 1"),
              run_id(dataclasses.replace(UNIT, options={"method": "grappa", "seed": 1}), SEEN, "raki 1"), run_id(UNIT, {**SEEN, "etag": "f"}, "raki 1"),
              run_id(UNIT, {"sha256": "e", "bytes": 5}, "raki 1"), run_id(UNIT, {**SEEN, "options": {"noise": SEEN}}, "raki 1"),
              run_id(UNIT, {**SEEN, "options": {"noise": {"etag": "f", "bytes": 5}}}, "raki 1"), run_id(UNIT, SEEN, "raki 2"), run_id(UNIT, {}, "raki 1")]
    assert len({same, *others}) == 1 + len(others)


def test_a_log_line_takes_known_fields_only(capsys):
    Log(index=2).bound(unit=unit_name("Secret^Name")).info("x", ms=1, exit=None, error="e" * 1000)
    line = json.loads(capsys.readouterr().out)
    assert line.pop("ts").endswith("+00:00") and len(line.pop("error")) == 500
    assert line == {"level": "info", "event": "x", "index": 2, "unit": unit_name("Secret^Name"), "ms": 1} and len(line["unit"]) == 16
    with pytest.raises(ValueError):
        Log().info("x", path="/data/Secret^Name")


@pytest.mark.parametrize("text, expected", [("s3://bucket/a/b", ("bucket", "a/b")), ("s3://bucket", ("bucket", "")), ("/a/b", None)])
def test_addresses(text, expected):
    place = place_of(text)
    assert (place and (place.bucket, place.key)) == expected


def client_error(said, status):
    return botocore.exceptions.ClientError({"Error": {"Code": said, "Message": "Secret^Name"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize("error, code", [
    (client_error("NoSuchKey", 404), 66), (client_error("", 404), 66), (client_error("InvalidObjectState", 403), 66), (client_error("AccessDenied", 403), 77),
    (client_error("", 403), 77), (client_error("ExpiredToken", 400), 75), (client_error("SlowDown", 503), 74), (client_error("", 500), 74), (client_error("", 429), 74),
    (client_error("ConditionalRequestConflict", 409), 74), (client_error("InvalidBucketName", 400), 78), (client_error("Whatever", 400), 70),
    (botocore.exceptions.NoCredentialsError(), 78), (botocore.exceptions.NoRegionError(), 78), (botocore.exceptions.EndpointConnectionError(endpoint_url="Secret^Name"), 74),
    (botocore.exceptions.ReadTimeoutError(endpoint_url="Secret^Name"), 74), (botocore.exceptions.SSLError(endpoint_url="x", error="EOF"), 74),
    (botocore.exceptions.SSLError(endpoint_url="Secret^Name", error="CERTIFICATE_VERIFY_FAILED"), 78),
    (botocore.exceptions.CredentialRetrievalError(provider="x", error_msg="Secret^Name"), 75), (botocore.exceptions.BotoCoreError(), 70)])
def test_what_aws_says_is_an_exit_code_and_repeats_none_of_its_words(error, code):
    stop = stop_of(error, "the unit's input")
    assert stop.code == code and "Secret" not in str(stop) and "At the unit's input." in str(stop)


def test_converters_are_programs_with_both_names():
    assert converters([".DAT=conv -z -f {input} -o {output}", ""]) == {".dat": ["conv", "-z", "-f", "{input}", "-o", "{output}"]}
    for wrong in ("dat=conv {input} {output}", ".dat", ".dat=conv {input}", ".dat=conv '{input} {output}'", ".dat=conv ' {input} {output}"):
        with pytest.raises(Stop) as stop:
            converters([wrong])
        assert stop.value.code == 78


def test_the_command_line_wins_over_the_environment():
    options = parse_run(["m", "--index", "0", "--convert", ".a=x"], {"RAKI_MANIFEST": "n", "RAKI_CONVERT": ".b=y\n.c=z", "RAKI_MOST_BYTES": "7", "RAKI_ENGINE_LOG": "1",
                                                                     "RAKI_INDEX": "5"})
    assert (options.manifest, options.index, options.convert, options.most_bytes, options.engine_log) == ("m", 0, [".a=x"], 7, True)
    assert parse_run([], {"RAKI_MANIFEST": "n", "RAKI_CONVERT": ".b=y\n.c=z"}).convert == [".b=y", ".c=z"]


@pytest.mark.parametrize("arguments, environment, code", [([], {}, 64), (["m", "--most-bytes", "0"], {}, 64), (["m", "--index", "-1"], {}, 64), (["m", "--unit-timeout", "nan"], {}, 64),
                                                          (["m", "--token", "hush"], {}, 64), (["m"], {"RAKI_MOST_BYTES": "many"}, 78)])
def test_wrong_usage_is_refused_without_repeating_it(arguments, environment, code):
    with pytest.raises(Stop) as stop:
        parse_run(arguments, environment)
    assert stop.value.code == code and "hush" not in str(stop.value) and "many" not in str(stop.value)


def test_every_option_is_explained():
    assert all(field.metadata["help"] for field in dataclasses.fields(RunOptions))
    with pytest.raises(SystemExit):
        command_line.parse(RunOptions, "x", ["--help"])
