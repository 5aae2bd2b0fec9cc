# %% [markdown]
# # Methods side by side on a real scan
#
# A fully sampled brain slice (8 coils, 230 lines of 180 samples) is undersampled as if it had been measured four times
# faster: every fourth line, and 24 calibration lines in the centre. Each method fills the missing lines again. As the
# truth is known, errors can be shown and measured.
#
# As a script: `python compare_methods.py FOLDER`. In Jupyter: open it with jupytext.

# %%
import numpy as np

import raki
from shared import brain, output_folder, sampled_lines, sampling_panel, sheet, white

R, ACS = 4, 24
METHODS = ["zero-filled", "grappa", "linear", "hybrid", "raki"]
folder = output_folder()

# %% [markdown]
# ## The scan
#
# `(coil, ky, kx)` is one slice. How it is read from its file stands in `shared.py`: an array file does not say what its
# axes are, so they are named there.

# %%
full = brain()
coils, lines, samples = full.shape
print(f"k-space {full.shape} {full.dtype}")

# %% [markdown]
# ## The methods, measured
#
# `evaluate` undersamples, runs the methods and compares root-sum-of-squares images with that of the full scan. NRMSE,
# PSNR and `ssim_masked` look at the object only. `kept` is the part of the true signal that is left in the outer filled
# lines: a method that blurs can have a good NRMSE and a low `kept`.

# %%
table, images, truth = raki.evaluate(full, R, ACS, METHODS, images=True)
columns = ["method", "nrmse", "psnr_db", "ssim_masked", "kept", "seconds"]
rows = table.to_dict("records") if hasattr(table, "to_dict") else table  # a list where pandas is not installed
print("{:12} {:>8} {:>8} {:>12} {:>6} {:>8}".format(*columns))
for row in rows:
    print("{:12} {:8.4f} {:8.2f} {:12.4f} {:6.2f} {:8.2f}".format(*(row[name] for name in columns)))

# %% [markdown]
# ## The figure
#
# One window for all images; errors five times as bright. On the lower left the sampling: white lines were kept. It is
# the one `evaluate` makes: every R-th line, one of them in the centre.

# %%
measured = sampled_lines(lines, R, ACS)
top = white(truth)
above = [(truth, top, "truth: every line", "")]
below = [sampling_panel(measured, samples)]
for row in rows:
    image = images[row["method"]]
    above.append((image, top, row["method"], f"NRMSE {row['nrmse']:.4f}"))
    below.append((5 * np.abs(image - truth), top, "", "error x 5"))
sheet(folder / "compare_methods.png", [above, below])

# %% [markdown]
# ## The same without a truth
#
# This is what a scan that was really accelerated gets: k-space and the mask of its lines. Nothing looks at samples
# outside the mask. Coils are combined with maps from the calibration lines, which leaves less noise than the sum of
# squares; so the image is not the one above.

# %%
result = raki.reconstruct(full, measured, "hybrid")
frame = result.frames[0]
print(result, result.sampling)
print("asked for:", frame["method_asked"], " used:", frame["method_used"], " verdict:", frame["verdict"])
assert np.array_equal(result.kspace[:, measured], full[:, measured])  # measured samples stay as they are
