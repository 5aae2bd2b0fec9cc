"""Where the frames of a series lie, in DICOM's patient coordinates (LPS, mm)."""

import math


def of_frame(instance, index):
    """What the instance, or for a multi-frame one its functional groups, say of a frame. Absent: None."""
    attributes = instance.attributes
    own = (attributes.get("PerFrameFunctionalGroupsSequence") or [])[index:index + 1]
    groups = [attributes, *(attributes.get("SharedFunctionalGroupsSequence") or [])[:1], *own]

    def find(keyword, sequence):
        value = None
        for group in groups:
            inner = ((group.get(sequence) or [{}])[0] or {}).get(keyword)
            value = inner if inner is not None else group.get(keyword) if group.get(keyword) is not None else value
        return value

    orientation = _numbers(find("ImageOrientationPatient", "PlaneOrientationSequence"), 6)
    return {"position_mm": _numbers(find("ImagePositionPatient", "PlanePositionSequence"), 3),
            "along_columns": orientation and orientation[:3], "along_rows": orientation and orientation[3:],
            "spacing_mm": _numbers(find("PixelSpacing", "PixelMeasuresSequence"), 2),
            "thickness_mm": (_numbers(find("SliceThickness", "PixelMeasuresSequence"), 1) or [None])[0],
            "slope": (_numbers(find("RescaleSlope", "PixelValueTransformationSequence"), 1) or [1.0])[0],
            "intercept": (_numbers(find("RescaleIntercept", "PixelValueTransformationSequence"), 1) or [0.0])[0]}


def _numbers(value, count):
    """None where there are not so many finite numbers."""
    try:
        numbers = [float(str(one).strip()) for one in (value if isinstance(value, list) else [value])]
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def normal(place):
    """Of the slices of one orientation; None where that is unknown."""
    if not place["along_columns"] or not place["position_mm"]:
        return None
    a, b = place["along_columns"], place["along_rows"]
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def depth(place, along):
    return sum(x * n for x, n in zip(place["position_mm"], along))


def affine(places):
    """Rows of the 4 x 4 matrix from (column, row, frame, 1) to mm; None where the frames are not parallel and evenly spaced."""
    first = places[0]
    if normal(first) is None or not first["spacing_mm"] or any(not _is_parallel(place, first) for place in places):
        return None
    if len(places) > 1:
        step = [(b - a) / (len(places) - 1) for a, b in zip(first["position_mm"], places[-1]["position_mm"])]
    else:
        step = [(first["thickness_mm"] or 1.0) * n for n in normal(first)]
    for number, place in enumerate(places):
        if math.dist(place["position_mm"], [p + number * s for p, s in zip(first["position_mm"], step)]) > 1e-2:
            return None
    between_rows, between_columns = first["spacing_mm"]
    rows = [[between_columns * a, between_rows * b, s, p] for a, b, s, p in zip(first["along_columns"], first["along_rows"], step, first["position_mm"])]
    return [*rows, [0.0, 0.0, 0.0, 1.0]] if math.hypot(*step) > 1e-6 else None


def _is_parallel(place, first):
    directions = [*(place["along_columns"] or []), *(place["along_rows"] or [])]
    return (place["position_mm"] is not None and place["spacing_mm"] == first["spacing_mm"] and len(directions) == 6
            and math.dist(directions, [*first["along_columns"], *first["along_rows"]]) < 1e-4)
