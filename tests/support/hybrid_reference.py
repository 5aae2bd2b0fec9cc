"""Writes hybrid_reference.h: what the NumPy statement of the hybrid gives for the cases of
tests/unit/raki_hybrid_test.cpp, stage by stage.

    python tests/support/hybrid_reference.py REFERENCE_FOLDER > tests/support/hybrid_reference.h

REFERENCE_FOLDER holds image_model.py, noise_aware_kernel.py and sets.py. Map products: set 0, coil 5 i mod C times the
conjugate of coil 0 (the phase of a set is free), pixel ((37 i + 11) mod ny, (13 i + 5) mod nx), image centre at 0. second_set: mean
over pixels of the second set's sum of squares.
"""

import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import image_model  # noqa: E402
from sets import load, rss, uniform  # noqa: E402


def nrmse(filled, full):
    reference = rss(full)
    inside = reference > 0.08 * reference.max()
    return np.linalg.norm((rss(filled) - reference)[inside]) / np.linalg.norm(reference[inside])


def map_products(maps):
    n_coils, ny, nx = maps.shape[1:]
    places = [(5 * i % n_coils, (37 * i + 11) % ny, (13 * i + 5) % nx) for i in range(12)]
    return [maps[0, c, y, x] * maps[0, 0, y, x].conj() for c, y, x in places]


print("// Written by hybrid_reference.py; the command stands there.")
print("#pragma once\n\n#include <array>\n#include <complex>\n\nnamespace raki::test {\n")
print("struct HybridReference {\n  double nrmse, correction, excess, second_set;\n  std::array<std::complex<float>, 12> maps;\n};\n")
for name, acceleration, acs in [("brain8", 4, 40), ("brain16", 4, 24), ("brain16", 2, 24)]:
    full = load(name)
    mask = uniform(full.shape[1], acceleration, acs)
    filled, _, info = image_model.reconstruct(full * mask[None, :, None], mask)
    second = float((np.abs(info["S"][1]) ** 2).sum(0).mean())
    print(f"constexpr HybridReference hybrid_{name}_r{acceleration}_acs{acs}{{")
    print(f"    {nrmse(filled, full):.6f}, {info['q']:.6f}, {info['excess']:.6f}, {second:.6f}, {{{{")
    print(",\n".join(f"    {{{v.real:.5e}f, {v.imag:.5e}f}}" for v in map_products(info["S"])) + "}}};\n")
print("}  // namespace raki::test")
