"""Boxes around objects of a label map, drawn at random, with the semantics of NVIDIA DALI."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from raki._arrays import take
from raki._errors import InputError
from raki._volume import check_word, numbers

FORMATS = ("anchor_shape", "start_end", "box")
MOST_AXES = 6


def random_object_bbox(labels: Any, *, foreground_prob: float = 1.0, classes: int | Sequence[int] | None = None,
                       class_weights: Sequence[float] | None = None, background: int | None = None,
                       k_largest: int | None = None, threshold: Sequence[float] | None = None,
                       ignore_class: bool = False, format: str = "anchor_shape", output_class: bool = False,
                       cache: dict[Any, Any] | None = None, seed: Any = None) -> Any:
    """The bounding box of an object drawn at random, as `nvidia.dali.fn.segmentation.random_object_bbox` draws it.

    `labels`: a map of 1 to 6 axes, of integers or bool. An object is a set of voxels of one label that touch by faces.
    With probability `foreground_prob` a class is drawn, then one of its objects; else, and where no object fits, the
    box is the whole map.

    `classes`: labels that count; all but the background where not given. `class_weights`: how often each is drawn,
    relative to the others; without `classes`, of the labels 0, 1, 2, ... without the background.
    `background`: its label; 0 where not given, or, where 0 is among the classes, the one below the smallest of them.
    `threshold`: the least extent of a box in voxels, per axis or one for all; a class without such boxes is drawn no
    more.
    `k_largest`: only so many of the boxes with the largest volumes.
    `ignore_class`: objects of all labels but the background are drawn alike.
    `seed`: an integer, or a `numpy.random.Generator` that is drawn from and so goes on; without, every call differs.
    `cache`: a dict to keep: boxes stay in it under a hash of the map's content, and are not looked for again.

    Gives (anchor, shape) or (start, end) or, with format "box", start and end in one array: int32 in the order of the
    map's axes, ends one past the last voxel, of the kind and on the device of the map. With `output_class` the class
    follows, an int; the background's where the box is the whole map.

    Objects are looked for on the CPU: a map on a GPU is copied there, as DALI takes none.
    Raises `InputError` for maps that are not of labels, for arguments that exclude one another, and for unknown words.
    """
    tensor, kind = take(labels, "label map")
    check_word(format, FORMATS, "format")
    _check_labels(tensor)
    if ignore_class and (classes is not None or class_weights is not None or output_class):
        raise InputError("ignore_class goes with no argument about classes",
                         "classes, class_weights or output_class as well")
    least = np.zeros(tensor.ndim) if threshold is None else np.array(numbers(threshold, tensor.ndim, "threshold"))
    drawn, weights, background = _classes(classes, class_weights, background)
    choice = Choice(drawn, weights, background, least, k_largest, ignore_class)
    probability = _probability(foreground_prob)
    generator = np.random.default_rng(seed)
    label, box = choice.background, None
    if generator.random() < probability:
        label, box = choice.pick(_objects(tensor.cpu().numpy(), cache), generator)
    start, end = box if box is not None else (np.zeros(tensor.ndim, int), np.array(tensor.shape))
    parts = {"anchor_shape": (start, end - start), "start_end": (start, end), "box": (np.concatenate([start, end]),)}
    found = tuple(kind.give(torch.from_numpy(part.astype(np.int32)).to(tensor.device)) for part in parts[format])
    if output_class:
        return (*found, label)
    return found if len(found) > 1 else found[0]


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is drawn from. `classes` None: all labels that are there; `least`: the smallest extents, in voxels."""

    classes: list
    weights: list
    background: int
    least: np.ndarray
    k_largest: int | None
    ignore_class: bool

    def __post_init__(self):
        if self.k_largest is not None and self.k_largest < 1:
            raise InputError("k_largest is too small", str(self.k_largest), "at least 1")

    def pick(self, objects, generator):
        """(label, (start, end)) of one object; (background, None) where none fits."""
        present = [int(label) for label in objects.labels() if label != self.background]
        if self.ignore_class:
            none = np.empty((0, 2, len(self.least)), int)
            boxes = self._fitting(np.concatenate([none, *map(objects.boxes, present)]))
            return self.background, generator.choice(boxes) if len(boxes) else None
        weights = dict.fromkeys(present, 1.0)
        if self.classes is not None:
            weights = {label: w for label, w in zip(self.classes, self.weights) if w and label in weights}
        while weights:
            share = np.array(list(weights.values()))
            label = list(weights)[generator.choice(len(share), p=share / share.sum())]
            boxes = self._fitting(objects.boxes(label))
            if len(boxes):
                return label, generator.choice(boxes)
            del weights[label]
        return self.background, None

    def _fitting(self, boxes):
        """Of (object, start and end, axis): those that are large enough, and of these the largest."""
        boxes = boxes[((boxes[:, 1] - boxes[:, 0]) >= self.least).all(1)]
        volumes = (boxes[:, 1] - boxes[:, 0]).prod(1)
        return boxes[np.argsort(-volumes, kind="stable")[: self.k_largest]]


class Objects:
    """The objects of a label map, looked for class by class; `found` keeps their boxes and may outlive the map."""

    def __init__(self, labels, found):
        self._labels, self._found = labels, found

    def labels(self):
        if "labels" not in self._found:
            self._found["labels"] = np.unique(self._labels)
        return self._found["labels"]

    def boxes(self, label):
        """(object, start and end, axis), in the order of the objects' first voxels."""
        if label not in self._found:
            from scipy import ndimage

            regions = ndimage.find_objects(ndimage.label(self._labels == label)[0])
            self._found[label] = np.array([[[s.start for s in r], [s.stop for s in r]] for r in regions])
        return self._found[label]


def _objects(labels, cache):
    if cache is None:
        return Objects(labels, {})
    content = hashlib.blake2b(np.ascontiguousarray(labels), digest_size=32)
    content.update(f"{labels.shape} {labels.dtype}".encode())
    return Objects(labels, cache.setdefault(content.digest(), {}))


def _check_labels(tensor):
    if tensor.is_floating_point() or tensor.is_complex():
        raise InputError("The label map is not of labels", str(tensor.dtype).removeprefix("torch."), "integers or bool")
    if not 1 <= tensor.ndim <= MOST_AXES:
        raise InputError("The label map has an unsupported number of axes", str(tensor.ndim), f"1 to {MOST_AXES}")


def _probability(foreground_prob):
    (probability,) = numbers(foreground_prob, 1, "foreground_prob")
    if not 0 <= probability <= 1:
        raise InputError("The foreground_prob is no probability", str(foreground_prob), "0 to 1")
    return probability


def _classes(classes, class_weights, background):
    """(labels or None, their weights, background), with what was left open filled in."""
    weights = None if class_weights is None else numbers(class_weights, None, "class_weights")
    if weights is not None and min(weights, default=0) < 0:
        raise InputError("A class weight is negative", str(class_weights), "0 or more")
    labels = None if classes is None else [int(label) for label in np.atleast_1d(classes)]
    if labels and background is None and 0 in labels:
        background = min(labels) - 1
    background = 0 if background is None else int(background)
    if labels is not None and background in labels:
        raise InputError("The background is among the classes", str(background), f"none of {labels}")
    if labels is None and weights is not None:
        labels = [label for label in range(len(weights) + 1) if label != background][: len(weights)]
    if labels is not None and weights is not None and len(labels) != len(weights):
        raise InputError("Classes and class_weights differ in number", f"{len(labels)} and {len(weights)}", "one each")
    return labels, weights or [1.0] * len(labels or []), background
