"""Writes noise_aware_reference.h: what the NumPy statement of the noise-aware kernel gives for the cases of
tests/unit/raki_noise_aware_test.cpp.

    python tests/support/noise_aware_reference.py REFERENCE_FOLDER > tests/support/noise_aware_reference.h

REFERENCE_FOLDER holds noise_aware_kernel.py and sets.py. Samples: the i-th of 12 is coil 5 i mod C, the
(37 i + 11)-th missing line (counted cyclically), readout index n / 2 - 20 + 13 i mod 41.
"""

import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
from noise_aware_kernel import grappa, na_recon, noise_map  # noqa: E402
from sets import fastmri, ifft2c, load, rss, uniform  # noqa: E402


def nrmse(filled, full):
    reference = rss(full)
    inside = reference > 0.08 * reference.max()
    return np.linalg.norm((rss(filled) - reference)[inside]) / np.linalg.norm(reference[inside])


def samples(filled, missing):
    n_coils, _, nx = filled.shape
    return [filled[5 * i % n_coils, missing[(37 * i + 11) % len(missing)], nx // 2 - 20 + 13 * i % 41] for i in range(12)]


def off_centre(n, acceleration, begin, end):
    mask = np.zeros(n, bool)
    mask[n // 2 % acceleration :: acceleration] = True
    mask[begin:end] = True
    return mask


def cases():
    for name, acceleration, acs in [("brain8", 4, 40), ("brain8", 5, 24), ("brain16", 4, 24)]:
        k = load(name)
        yield f"{name}_r{acceleration}_acs{acs}", k, uniform(k.shape[1], acceleration, acs), {}
    for name in ("brain8", "brain16"):
        k = load(name)
        yield f"{name}_fastmri", k, fastmri(k.shape[1]), {}
    k = load("brain16")
    yield "brain16_off_centre", k, off_centre(128, 4, 60, 90), {}
    yield "brain16_separate", k, uniform(128, 4, 0), {"calib": k[:, 50:80]}
    partial = uniform(128, 3, 24)
    partial[:20] = False
    yield "brain16_encoded_from_20", k, partial, {"valid": (20, 128)}


def noise_sd_quantiles(name, acceleration, acs):
    """10, 50 and 90 % of the noise sd where the image is above 8 % of its maximum; coils in units of their noise."""
    full = load(name)
    mask = uniform(full.shape[1], acceleration, acs)
    filled, info = na_recon(full * mask[None, :, None], mask)
    images = ifft2c(filled / info["sigma"].astype(np.float32)[:, None, None])
    size = np.sqrt((np.abs(images) ** 2).sum(0))
    sd = np.sqrt(noise_map(info, full.shape, images / size))
    return np.quantile(sd[size > 0.08 * size.max()], [0.1, 0.5, 0.9])


print("// Written by noise_aware_reference.py; the command stands there.")
print("#pragma once\n\n#include <array>\n#include <complex>\n\nnamespace raki::test {\n")
print("struct ReferenceResult {\n  double nrmse, grappa_nrmse;\n  std::array<std::complex<float>, 12> samples;\n};\n")
for name, full, mask, options in cases():
    filled, info = na_recon(full, mask, **options)
    begin, end = options.get("valid", (0, full.shape[1]))
    missing = [y for y in range(begin, end) if not mask[y]]
    plain = nrmse(grappa(full, mask), full) if not options else 0.0
    print(f"// taps {info['npe']}, region {info['ext'][0] + begin}-{info['ext'][1] + begin}, centre {info['centre']}")
    print(f"constexpr ReferenceResult {name}{{{nrmse(filled, full):.6f}, {plain:.6f}, {{{{")
    print(",\n".join(f"    {{{v.real:.6e}f, {v.imag:.6e}f}}" for v in samples(filled, missing)) + "}}};\n")
for name, acceleration, acs in [("brain8", 4, 40), ("brain16", 4, 24)]:
    values = ", ".join(f"{v:.5f}" for v in noise_sd_quantiles(name, acceleration, acs))
    print(f"constexpr std::array<double, 3> noise_sd_{name}_r{acceleration}_acs{acs}{{{values}}};")
print("\n}  // namespace raki::test")
