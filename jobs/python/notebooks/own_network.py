# %% [markdown]
# # A network of your own in the pipeline
#
# Missing lines are filled by a network that is trained on the calibration lines of the scan. Everything around it
# (scaling, which lines go where, images) stays the same, so that two networks can be compared. Three ways, from the
# least to the most of your own code: the engine trains; your loop trains our network; your loop trains your module.
#
# As a script: `python own_network.py FOLDER`. In Jupyter: open it with jupytext.

# %%
import time

import numpy as np
import torch
import torch.nn.functional as F

import raki
from pictures import output_folder, real_data, sheet, white

R, ACS = 4, 40
folder = output_folder()
path = real_data("brain8_full_230x180/full.cfl")
if path:
    full = raki.read_scan(path, axes="1,ky,kx,coil").read()[0][0, :, 0]
else:
    full = raki.phantom(slices=1, coils=8, acceleration=1, acs=0, oversampling=1).kspace[0, :, 0]
coils, lines, samples = full.shape
measured = np.zeros(lines, bool)
measured[lines // 2 % R::R] = True
measured[lines // 2 - ACS // 2:lines // 2 + ACS // 2] = True
truth = raki.root_sum_of_squares(raki.to_coil_images(full))
results = {}


def measure(name, begin, **how):
    """Reconstructs and keeps image and numbers; `begin`: when its training began."""
    image = raki.reconstruct(full, measured, combine="rss", **how).image
    results[name] = image, raki.compare_images(image, truth)
    print(f"{name:14} NRMSE {results[name][1]['nrmse']:.4f}  {time.perf_counter() - begin:5.1f} s", flush=True)


measure("grappa", time.perf_counter(), method="grappa")
measure("linear", time.perf_counter(), method="linear")

# %% [markdown]
# ## 1. The engine trains
#
# `Network.published` is RAKI as its authors describe it; any number of it can be changed. `train` works in place.

# %%
begin = time.perf_counter()
network = raki.Network.published("raki-2019", coils, R, iterations=400)
training = raki.train(full, measured, network)
print(training)
measure("RAKI", begin, network=network)

# %% [markdown]
# ## 2. Your loop, our network
#
# `training_data` gives the calibration lines as the network will see them: lines R apart, for every start, and those
# between. Here: a leaky ReLU and a linear path, the mean absolute error in place of squares, and a falling learning
# rate. `margin` tells how much of the output rests on zeros beyond the edge; the loss leaves it out.

# %%
torch.manual_seed(1)
data = raki.training_data(torch.from_numpy(full), measured)


def fit(module, steps, rate, edge, rows):
    """Adam with a cosine schedule. The loss leaves out `edge` samples and the gap rows outside `rows`."""
    optimiser = torch.optim.AdamW(module.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    inside = (..., rows, slice(edge, -edge))
    for _ in range(steps):
        loss = (module(data.lines)[inside] - data.gaps[inside]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    print(f"{steps} steps, last loss {loss.item():.3g}")


begin = time.perf_counter()
own_loop = raki.Network(coils, R, activation=0.2, linear_path=True, initial_sd=0.03)
edge, beyond = own_loop.margin
fit(own_loop, 250, 3e-3, edge, slice(0, data.gaps.shape[-2] - beyond))
measure("own loop", begin, network=own_loop)

# %% [markdown]
# ## 3. Your loop, your module
#
# Any module serves that takes `(..., frame, coil, line, kx)` complex64 to `(..., frame, coil, R - 1, line - 1, kx)`.
# This one is one network for all coils. It sees four measured lines around a gap instead of two, and has several times
# the channels. A linear convolution does most of the work; the network behind it adds what is left.


# %%
class Wide(torch.nn.Module):
    def __init__(self, coils, rate, width=128):
        super().__init__()
        self.outputs = rate - 1
        self.linear = torch.nn.Conv2d(2 * coils, 2 * coils * self.outputs, (4, 5), padding=(1, 2), bias=False)
        self.first = torch.nn.Conv2d(2 * coils, width, (4, 5), padding=(1, 2), bias=False)
        self.middle = torch.nn.Conv2d(width, width, 1, bias=False)
        self.last = torch.nn.Conv2d(width, 2 * coils * self.outputs, 1, bias=False)
        torch.nn.init.zeros_(self.last.weight)

    def forward(self, lines):
        parts = torch.cat([lines.real, lines.imag], -3).flatten(0, -4)
        hidden = F.gelu(self.middle(F.gelu(20 * self.first(parts))))  # 20: samples are far below 1
        gaps = self.linear(parts) + self.last(hidden) / 20
        real, imaginary = gaps.unflatten(1, (2, -1, self.outputs)).unbind(1)
        return torch.complex(real, imaginary).unflatten(0, lines.shape[:-3])


begin = time.perf_counter()
own_module = Wide(coils, R)
fit(own_module, 250, 2e-3, 2, slice(1, -1))
measure("own module", begin, network=own_module)

# %% [markdown]
# ## The figure
#
# One window; errors five times as bright.

# %%
top = white(truth)
above = [(truth, top, "truth: every line", "")]
below = [None]
for name, (image, numbers) in results.items():
    above.append((image, top, name, f"NRMSE {numbers['nrmse']:.4f}"))
    below.append((5 * np.abs(image - truth), top, "", "error x 5"))
sheet(folder / "own_network.png", [above, below])
