"""A series as one array, or as few as the sizes of its frames allow, with its geometry."""

import itertools
import json

from . import geometry


def frames_in_order(series):
    """The frames in the order in which `write` takes their pixels."""
    return [frame for group in _arrays(series) for _, _, frame, _ in group]


def write(series, folder, name, pixels):
    """What was written, for imageset.json."""
    groups, written = _arrays(series), []
    for number, group in enumerate(groups, 1):
        own = name if len(groups) == 1 else f"{name}-{number}"
        shape, kind = _layout(group[0][0])
        with open(folder / f"{own}.npy", "xb") as stream:
            stream.write(_npy_header((len(group), *shape), kind))
            for data in itertools.islice(pixels, len(group)):
                stream.write(data)
        places = [place for *_, place in group]
        text = {"series_uid": series.uid, "modality": str(group[0][0].attributes.get("Modality") or ""), "shape": [len(group), *shape],
                "affine_lps_mm": geometry.affine(places),
                "frames": [{"sop_instance_uid": instance.uid, "frame": index, **place} for instance, index, _, place in group]}
        (folder / f"{own}.json").write_text(json.dumps(text, indent=1) + "\n")
        written.append({"array": f"{own}.npy", "geometry": f"{own}.json"})
    return {"series_uid": series.uid, "arrays": written}


def _arrays(series):
    """Lists of (instance, index, frame, place), one for each size and kind of pixels, along the slice normal as far as that is known."""
    groups = {}
    for instance in series.instances:
        for index, frame in enumerate(instance.frames):
            groups.setdefault(_layout(instance), []).append((instance, index, frame, geometry.of_frame(instance, index)))
    for group in groups.values():
        along = geometry.normal(group[0][3])
        if along is not None and all(place["position_mm"] for *_, place in group):
            group.sort(key=lambda one: geometry.depth(one[3], along))
    return list(groups.values())


def _layout(instance):
    """Rows, columns and NumPy's name of the pixels."""
    size, samples = instance.number("BitsAllocated") // 8, instance.number("SamplesPerPixel", 1)
    shape = (instance.number("Rows"), instance.number("Columns")) + ((samples,) if samples > 1 else ())
    return shape, f"{'<' if size > 1 else '|'}{'i' if instance.number('PixelRepresentation') else 'u'}{size}"


def _npy_header(shape, kind):
    """NumPy's format 1.0: whole blocks of 64 bytes."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
