"""How far a method is from the truth: full k-space is undersampled, filled again and compared."""

from raki import _engine, _shapes
from raki._errors import InputError


def evaluate(kspace, acceleration=4, acs=24, methods=("zero-filled", "grappa", "linear", "hybrid"), *, unit_noise=False,
             progress=None, images=False, **options):
    """One row for every method, seed and frame: nrmse, psnr_db, ssim, ssim_masked, residual_structure, kept, seconds.

    kspace      fully sampled complex64 (coil, ky, kx), (coil, kz, ky, kx) or (..., coil, kz, ky, kx), or a fully sampled Scan
    acceleration, acs   every R-th line, and calibration lines in the centre
    images      True: returns (table, images by method, reference image)
    options     print(raki.options("evaluate")) lists them: repeats, blobs, fastmri, seed, ...

    The table is a pandas.DataFrame where pandas is installed, else a list of dictionaries.
    """
    samples, kind, axes = _shapes.canonical_coils(_full(kspace))
    names = [methods] if isinstance(methods, str) else list(methods)
    found = _engine.evaluate(samples, names, unit_noise, False, {"acceleration": acceleration, "acs": acs, **options},
                             progress)
    table = _table(found["rows"])
    if not images:
        return table
    give = lambda tensor: kind.give(axes.images(tensor.to(samples.device)))  # noqa: E731
    return table, dict(zip(names, map(give, found["images"]))), give(found["reference"])


def _full(kspace):
    from raki._scan import Scan

    if not isinstance(kspace, Scan):
        return kspace
    if not kspace.sampling.fully_sampled:
        raise InputError("The scan is not fully sampled", str(kspace.sampling), "every line")
    from raki._steps import remove_readout_oversampling

    samples, _ = kspace.read()
    return remove_readout_oversampling(samples, kspace.readout_oversampling)


def _table(rows):
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)
