"""raki-submit's pure function: from the text of a message and what lies in S3 to what is submitted."""

import json
import random
import re

import pytest
from raki_cloud import s3
from raki_submit.plan import Ignored, Object, Poison, Submission, Targets, plan, token_of
from submitting import event_bridge_message, s3_message, units_text

TARGETS = Targets("queue", "definition", "s3://results/all")
SPLITTING = Targets("queue", "definition", "s3://results/all", "split", "cpu", "s3://prepared/from")
KEY = "day 1/a+b%41ü.manifest.json"
GOOD = units_text(3).encode()


def planned(text, objects=None, targets=TARGETS):
    """`objects`: (bucket, key) -> (content, etag)."""
    found = {(bucket, key): Object(*one) for (bucket, key), one in (objects or {("raw", KEY): (GOOD, "e1")}).items()}
    return plan(text, lambda place: found.get((place.bucket, place.key)), targets)


def test_a_manifest_becomes_an_array_of_its_indices():
    [one] = planned(event_bridge_message("raw", KEY, "e1"))
    assert one.request == {"jobQueue": "queue", "jobDefinition": "definition", "jobName": f"raki-{one.token}", "arrayProperties": {"size": 3},
                           "parameters": {"manifest": f"s3://raw/{KEY}"}}
    assert re.fullmatch("[0-9a-f]{32}", one.token)


@pytest.mark.parametrize("units, per_index, size", [(1, 1, None), (2, 1, 2), (2, 2, None), (7, 3, 3), (10_000, 1, 10_000), (10_001, 2, 5001)])
def test_one_index_is_a_plain_job(units, per_index, size):
    [one] = planned(s3_message("raw", KEY, "e1"), {("raw", KEY): (units_text(units, units_per_index=per_index).encode(), "e1")})
    assert one.request.get("arrayProperties") == ({"size": size} if size else None)
    assert one.array_size == (size or 1)


@pytest.mark.parametrize("content, reason", [(b"{", "no JSON"), (b"", "no JSON"), (b"[]", "no object"), (units_text(2)[:-9].encode(), "no JSON"),
                                             (units_text(0).encode(), "a list of one unit or more"), (units_text(10_001).encode(), "10001 indices"),
                                             (units_text(1, surprise=1).encode(), "unknown key")],
                         ids=["broken", "empty", "no object", "cut", "no unit", "too many", "unknown key"])
def test_a_broken_manifest_is_poison_with_the_reason(content, reason):
    [one] = planned(s3_message("raw", KEY, "e1"), {("raw", KEY): (content, "e1")})
    assert isinstance(one, Poison) and reason in str(one) and "day" not in str(one)


@pytest.mark.parametrize("text", [
    '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"raw","RequestId":"5","HostId":"8"}',
    event_bridge_message("raw", KEY, "e1", "Object Tags Added"), event_bridge_message("raw", KEY, "e1", "Object Deleted"),
    event_bridge_message("raw", KEY, "e1").replace("aws.s3", "aws.ec2"), s3_message("raw", KEY, "e1", "ObjectRemoved:Delete"),
    s3_message("raw", "a.h5", "e1"), s3_message("raw", "a.manifest.json.bak", "e1"), s3_message("raw", "a.tar.gz", "e1"),
    s3_message("raw", "gone.manifest.json", "e1")],
    ids=["test event", "tags", "deleted", "not S3", "removed", "data", "not at the end", "archive without a split job", "gone"])
def test_other_events_are_ignored_with_a_word(text):
    [one] = planned(text, {("raw", key): (GOOD, "e1") for key in (KEY, "a.h5", "a.manifest.json.bak", "a.tar.gz")})
    assert isinstance(one, Ignored) and str(one)


@pytest.mark.parametrize("text", ["", "word", "[]", "7", "null", "{}", "[" * 100_000, '{"Records": []}', '{"Records": [7]}', '{"Records": [{}]}',
                                  '{"detail-type": "Object Created"}', s3_message("raw", "", "e1"), s3_message("raw", KEY, ""),
                                  s3_message("No_Bucket", KEY, "e1"), event_bridge_message("raw", "a\nb.manifest.json", "e1"),
                                  event_bridge_message("raw", "k" * 1020 + ".manifest.json", "e1"), event_bridge_message("raw", 7, "e1"),
                                  s3_message("raw", KEY, "e1").replace("%2B", "%ff")])
def test_what_is_no_message_of_s3_is_poison(text):
    [one] = planned(text)
    assert isinstance(one, Poison) and str(one)


def test_no_damage_to_a_message_is_an_error_of_ours():
    dice = random.Random(8)
    values = [None, 7, -1.5, "", "x", [], {}, [None], {"key": 1}, True, "s3:TestEvent", "aws.s3"]
    kinds = set()
    for number in range(3000):
        message = json.loads((s3_message if number % 2 else event_bridge_message)("raw", KEY, "e1"))
        places = list(_places(message))
        for entry, name in dice.sample(places, dice.randint(1, 2)):
            if dice.random() < 0.3:
                entry.pop(name, None) if isinstance(entry, dict) else entry.clear()
            elif isinstance(entry, dict) or entry:
                entry[name] = dice.choice(values)
        kinds |= {type(one) for one in planned(json.dumps(message))}
    assert kinds == {Submission, Ignored, Poison}


def _places(value):
    for name, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, name
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


def test_both_kinds_of_message_mean_the_same_whatever_the_key():
    dice = random.Random(1)
    for _ in range(500):
        letters = "".join(chr(dice.choice([dice.randrange(33, 127), 32, 43, 37, 0xE9, 0x4E2D, 0x1F9E0])) for _ in range(dice.randrange(60)))
        key, objects = f"{letters}.manifest.json", {("raw", f"{letters}.manifest.json"): (GOOD, "e1")}
        [first], [second] = planned(s3_message("raw", key, "e1"), objects), planned(event_bridge_message("raw", key, "e1"), objects)
        assert isinstance(first, Submission) and first == second
        assert first.request["parameters"]["manifest"] == f"s3://raw/{key}"


def test_several_records_in_one_message():
    first, second = (json.loads(s3_message("raw", key, "e1"))["Records"][0] for key in (KEY, "a.h5"))
    assert [type(one) for one in planned(json.dumps({"Records": [first, second, 7]}))] == [Submission, Ignored, Poison]


def test_the_longest_key_fits_into_a_request_and_names_tell_nothing():
    key = "€" * 336 + "xy.manifest.json"
    assert len(key.encode()) == 1024
    [one] = planned(event_bridge_message("raw", key, "e1"), {("raw", key): (GOOD, "e1")})
    assert len(json.dumps(one.request)) <= 30 << 10
    assert re.fullmatch(r"raki-[0-9a-f]{32}", one.name)


def test_tokens_differ_for_another_bucket_key_or_etag():
    tokens = {token_of(s3.Place(bucket, key), etag) for bucket in ("raw", "raw2") for key in ("a", "b") for etag in ("e1", "e2")}
    assert len(tokens) == 8


def test_any_order_and_number_of_events_gives_the_same_submissions():
    """Manifests are written, some of them several times; their events come in any order, several times, at any moment afterwards."""
    for seed in range(200):
        dice, objects, waiting, submitted = random.Random(seed), {}, [], {}
        writes = [(f"{dice.randrange(3)}.manifest.json", f"e{number}") for number in range(6)]
        for number, (key, etag) in enumerate(writes):
            objects["raw", key] = (units_text(number + 1).encode(), etag)
            waiting += [dice.choice([s3_message, event_bridge_message])("raw", key, etag) for _ in range(dice.randint(1, 3))]
            dice.shuffle(waiting)
            early = dice.randrange(len(waiting)) if seed % 2 else 0
            for text in waiting[:early]:
                submitted |= {one.token: one.request for one in planned(text, objects)}
            waiting = waiting[early:]
        for text in waiting:
            submitted |= {one.token: one.request for one in planned(text, objects)}
        last = {token_of(s3.Place("raw", key), etag): number + 1 for number, (key, etag) in enumerate(writes) if objects["raw", key][1] == etag}
        found = {token: request.get("arrayProperties", {}).get("size", 1) for token, request in submitted.items()}
        assert last.items() <= found.items()
        assert found.keys() <= {token_of(s3.Place("raw", key), etag) for key, etag in writes}
        assert seed % 2 or found == last


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip", ".ZIP"])
def test_an_archive_becomes_a_split_job(ending):
    [one] = planned(s3_message("raw", f"mo/a{ending}", "e1"), targets=SPLITTING)
    assert one.request == {"jobQueue": "cpu", "jobDefinition": "split", "jobName": f"raki-split-{one.token}", "parameters": {
        "archive": f"s3://raw/mo/a{ending}", "etag": "e1", "output": "s3://prepared/from", "results": f"s3://results/all/mo/a{ending}"}}
    [other] = planned(s3_message("raw", f"mo/a{ending}", "e2"), targets=SPLITTING)
    assert other.token != one.token


def test_a_manifest_is_an_array_where_archives_are_split_too():
    [one] = planned(s3_message("raw", KEY, "e1"), targets=SPLITTING)
    assert one.name.startswith("raki-") and one.request["jobQueue"] == "queue" and one.array_size == 3
