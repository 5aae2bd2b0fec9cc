"""random_object_bbox: its boxes against flooding in plain loops, its draws against NVIDIA DALI's and against chance."""

import collections

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

import volume_reference as reference
from raki._errors import InputError
from raki._object_bbox import random_object_bbox

N_DRAWS = 3000
IMPROBABLE = 1e-6  # seeds are fixed: this says how far from chance the draws may be, not how often the test fails

MAP = np.zeros((4, 6), np.uint8)  # two objects of label 1 that touch at a corner, one each of 2, 3
MAP[0, 0] = MAP[1, 1] = 1
MAP[0, 5] = 2
MAP[2:4, 3:6] = 3
WHOLE = (0, 0, 4, 6)
BOXES = {1: [(0, 0, 1, 1), (1, 1, 2, 2)], 2: [(0, 5, 1, 6)], 3: [(2, 3, 4, 6)]}

CASES = [  # arguments, expected shares of (box, class)
    (dict(), {(BOXES[1][0], 1): 1 / 6, (BOXES[1][1], 1): 1 / 6, (BOXES[2][0], 2): 1 / 3, (BOXES[3][0], 3): 1 / 3}),
    (dict(foreground_prob=0.25, classes=[2, 3]), {(WHOLE, 0): 0.75, (BOXES[2][0], 2): 0.125, (BOXES[3][0], 3): 0.125}),
    (dict(foreground_prob=0.0), {(WHOLE, 0): 1}),
    (dict(classes=[0, 3], class_weights=[1.0, 4.0]), {(WHOLE, 0): 0.2, (BOXES[3][0], 3): 0.8}),
    (dict(classes=[0, 3], foreground_prob=0.5), {(WHOLE, -1): 0.5, (WHOLE, 0): 0.25, (BOXES[3][0], 3): 0.25}),
    (dict(classes=[2, 3, 9], class_weights=[1.0, 1.0, 8.0]), {(BOXES[2][0], 2): 0.5, (BOXES[3][0], 3): 0.5}),
    (dict(class_weights=[0.0, 1.0, 3.0]), {(BOXES[2][0], 2): 0.25, (BOXES[3][0], 3): 0.75}),
    (dict(class_weights=[1.0, 3.0], background=2),
     {(WHOLE, 0): 0.25, (BOXES[1][0], 1): 0.375, (BOXES[1][1], 1): 0.375}),
    (dict(threshold=[2, 3]), {(BOXES[3][0], 3): 1}),
    (dict(threshold=[2, 4]), {(WHOLE, 0): 1}),
    (dict(classes=[7]), {(WHOLE, 0): 1})]


@pytest.fixture
def dali():
    import dali_operators

    return dali_operators


def agrees(counts, shares):
    """Whether counts of outcomes are what their shares make likely (chi-squared), with no outcome besides."""
    if not set(counts) <= set(shares):
        return False
    if len(shares) == 1:
        return True
    n = sum(counts.values())
    return stats.chisquare([counts[k] for k in shares], [n * share for share in shares.values()]).pvalue > IMPROBABLE


def drawn(labels, seed=5, **arguments):
    generator = np.random.default_rng(seed)
    counts = collections.Counter()
    for _ in range(N_DRAWS):
        box, label = random_object_bbox(labels, format="box", output_class=True, seed=generator, **arguments)
        counts[tuple(box.tolist()), label] += 1
    return counts


@pytest.mark.parametrize("arguments, shares", CASES)
def test_draws_as_often_as_it_should(arguments, shares):
    assert agrees(drawn(MAP, cache={}, **arguments), shares)


@pytest.mark.parametrize("arguments, shares", CASES)
def test_dali_draws_as_often(dali, arguments, shares):
    boxes, labels = dali.run("segmentation.random_object_bbox", [MAP] * N_DRAWS, seed=5, format="box",
                             output_class=True, **arguments)
    assert agrees(collections.Counter((tuple(b.tolist()), int(c)) for b, c in zip(boxes, labels)), shares)


@pytest.mark.parametrize("k_largest, left", [(1, 1), (2, 2), (9, 4)])
def test_k_largest_and_ignored_classes(dali, k_largest, left):
    """Of the boxes of all labels, the largest first: that of 3, then those of one voxel."""
    labels = MAP.copy()
    labels[0, 4] = 2
    kept = [BOXES[3][0], (0, 4, 1, 6), *BOXES[1]][:left]
    arguments = dict(k_largest=k_largest, ignore_class=True, format="box")
    ((*theirs,),) = dali.run("segmentation.random_object_bbox", [labels] * N_DRAWS, seed=5, **arguments)
    generator = np.random.default_rng(5)
    ours = [random_object_bbox(labels, seed=generator, **arguments) for _ in range(N_DRAWS)]
    for boxes in (ours, theirs):
        assert agrees(collections.Counter(tuple(box.tolist()) for box in boxes), dict.fromkeys(kept, 1 / left))


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_boxes_are_those_of_flooding(ndim):
    random = np.random.default_rng(ndim)
    labels = random.integers(0, 3, (40, 9, 6, 4)[:ndim])
    for label in (1, 2):
        expected = set(reference.object_boxes(labels, label))
        found = {tuple(random_object_bbox(labels, classes=[label], format="box", seed=random, cache=cache).tolist())
                 for cache in [{}] for _ in range(40 * len(expected))}
        assert found == expected


def test_dali_finds_the_same_boxes(dali):
    labels = np.random.default_rng(2).integers(0, 3, (5, 6, 4)).astype(np.int32)
    ((*boxes,),) = dali.run("segmentation.random_object_bbox", [labels] * N_DRAWS, seed=2, classes=[2], format="box")
    assert {tuple(box.tolist()) for box in boxes} == set(reference.object_boxes(labels, 2))


def test_formats():
    start, end = np.array([2, 3]), np.array([4, 6])
    anchor, shape = random_object_bbox(MAP, classes=[3])
    assert np.array_equal(anchor, start) and np.array_equal(shape, end - start) and anchor.dtype == np.int32
    first, last, label = random_object_bbox(torch.from_numpy(MAP), classes=[3], format="start_end", output_class=True)
    assert isinstance(first, torch.Tensor) and first.tolist() == [2, 3] and last.tolist() == [4, 6] and label == 3
    assert random_object_bbox(MAP == 3, format="box").tolist() == [2, 3, 4, 6]


def test_a_seed_repeats_and_a_generator_goes_on():
    same = [random_object_bbox(MAP, seed=3, format="box").tolist() for _ in range(20)]
    assert all(box == same[0] for box in same)
    generator = np.random.default_rng(3)
    assert len({tuple(random_object_bbox(MAP, seed=generator, format="box").tolist()) for _ in range(50)}) > 1


def test_a_cache_looks_once_and_knows_maps_by_their_content(monkeypatch):
    looked = []
    label = ndimage.label
    monkeypatch.setattr(ndimage, "label", lambda *a: looked.append(1) or label(*a))
    cache = {}
    for labels in (MAP, MAP.copy(), np.asfortranarray(MAP)):
        assert random_object_bbox(labels, classes=[3], format="box", cache=cache).tolist() == [2, 3, 4, 6]
    assert len(looked) == 1 and len(cache) == 1
    other = np.roll(MAP, -1, 1)
    assert random_object_bbox(other, classes=[3], format="box", cache=cache).tolist() == [2, 2, 4, 5]
    reshaped = random_object_bbox(MAP.reshape(2, 12), classes=[3], format="box", cache=cache).tolist()
    assert reshaped in ([1, 3, 2, 6], [1, 9, 2, 12])
    assert len(cache) == 3
    random_object_bbox(MAP, ignore_class=True, cache=cache)
    assert len(looked) == 5 and len(cache) == 3


def test_maps_without_objects_are_whole():
    for labels in (np.zeros((3, 4), int), np.zeros((0, 4), int)):
        anchor, shape, label = random_object_bbox(labels, output_class=True)
        assert anchor.tolist() == [0, 0] and tuple(shape.tolist()) == labels.shape and label == 0


@pytest.mark.parametrize("labels, arguments, text", [
    (np.zeros((3, 4)), {}, "The label map is not of labels: found float64, expected integers or bool"),
    (np.zeros((1,) * 7, int), {}, "The label map has an unsupported number of axes: found 7, expected 1 to 6"),
    (MAP, dict(format="corners"), "Unknown format: found 'corners', expected one of 'anchor_shape', 'start_end'"),
    (MAP, dict(foreground_prob=1.5), "The foreground_prob is no probability: found 1.5, expected 0 to 1"),
    (MAP, dict(classes=[0, 1], background=0), "The background is among the classes: found 0, expected none of [0, 1]"),
    (MAP, dict(classes=[1, 2], class_weights=[1.0]), "Classes and class_weights differ in number: found 2 and 1"),
    (MAP, dict(class_weights=[-1.0]), "A class weight is negative"),
    (MAP, dict(ignore_class=True, classes=[1]), "ignore_class goes with no argument about classes"),
    (MAP, dict(ignore_class=True, output_class=True), "ignore_class goes with no argument about classes"),
    (MAP, dict(k_largest=0), "k_largest is too small: found 0, expected at least 1"),
    (MAP, dict(threshold=[1, 2, 3]), "The threshold has the wrong length: found 3, expected 2")])
def test_refused_with_the_reason(labels, arguments, text):
    with pytest.raises(InputError) as caught:
        random_object_bbox(labels, **arguments)
    assert text in str(caught.value)
