"""How far a method is from the truth: full k-space is undersampled, filled again and compared."""

from collections.abc import Sequence
from typing import Any

from raki import _engine, _shapes
from raki._errors import InputError, require_type
from raki._interpolation import Progress
from raki._scan import Scan
from raki._steps import prewhiten, remove_readout_oversampling


def evaluate(kspace: Any, acceleration: int = 4, acs: int = 24,
             methods: str | Sequence[str] = ("zero-filled", "grappa", "linear", "hybrid"), *, unit_noise: bool = False,
             progress: Progress | None = None, images: bool = False, **options: Any) -> Any:
    """One row for every method, seed and frame: nrmse, psnr_db, ssim, ssim_masked, residual_structure, kept, seconds.

    Every method's root-sum-of-squares image is compared with the full one (`compare_images`). kept: how much of the signal the
    method put into the outer lines it filled, 1: all. recovered: how much of weak blobs came back (blobs=, else None).

    kspace      fully sampled complex64 (coil, ky, kx), (coil, kz, ky, kx) or (..., coil, kz, ky, kx), or a fully sampled Scan
    acceleration, acs   every R-th line, and calibration lines in the centre
    images      True: returns (table, images by method, reference image)
    options     print(raki.options("evaluate")) lists them: repeats, blobs, fastmri, seed, ...

    The table is a pandas.DataFrame where pandas is installed, else a list of dictionaries.
    """
    require_type(unit_noise, bool, "unit_noise")
    if isinstance(kspace, Scan):
        unit_noise = kspace.whitening is not None
        kspace = _full(kspace)
    samples, kind, axes = _shapes.canonical_coils(kspace)
    if not (samples != 0).any(dim=4).any(dim=1).all():
        raise InputError("The k-space is not fully sampled", "lines of zeros", "every line")
    names = [methods] if isinstance(methods, str) else list(methods)
    found = _engine.evaluate(samples, names, unit_noise, {"acceleration": acceleration, "acs": acs, **options},
                             progress)
    table = _table(found["rows"])
    if not images:
        return table
    reference, *by_method = (kind.give(axes.images(tensor.to(samples.device)))
                             for tensor in (found["reference"], *found["images"]))
    return table, dict(zip(names, by_method, strict=True)), reference


def _full(scan: Scan) -> Any:
    if not scan.sampling.fully_sampled:
        raise InputError("The scan is not fully sampled", str(scan.sampling), "every line")
    samples, _ = scan.read()
    if scan.whitening is not None:
        samples = prewhiten(samples, scan.whitening)
    return remove_readout_oversampling(samples, scan.readout_oversampling)


def _table(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)
