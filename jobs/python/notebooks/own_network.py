# %% [markdown]
# # A network of your own in the pipeline
#
# A network learns from the calibration lines of a scan and fills its missing lines. Everything around it (scaling,
# which lines go where, images) stays the same, so that networks can be compared. Three ways, from little to much code.
#
# As a script: `python own_network.py FOLDER`. In Jupyter: open it with jupytext.

# %%
import time
import numpy as np
import torch
import torch.nn.functional as F

import raki
from shared import brain, output_folder, sampled_lines, sampling_panel, sheet, white

R, ACS, folder = 4, 40, output_folder()
torch.manual_seed(1)
full = brain()  # (coil, ky, kx)
coils, lines, samples = full.shape
measured = sampled_lines(lines, R, ACS)
truth = raki.root_sum_of_squares(raki.to_coil_images(full))
results = {}


def measure(name, begin, **how):
    image = raki.reconstruct(full, measured, combine="rss", **how).image
    results[name] = image, raki.compare_images(image, truth)
    print(f"{name:14} NRMSE {results[name][1]['nrmse']:.4f}  {time.perf_counter() - begin:5.1f} s", flush=True)


for method in ("grappa", "linear"):
    measure(method, time.perf_counter(), method=method)

# %% [markdown]
# ## 1. The engine trains
#
# `Network.published` is RAKI as its authors describe it; any number of it can be changed. `train` works in place.

# %%
begin = time.perf_counter()
network = raki.Network.published("raki-2019", coils, R, iterations=200)
print(raki.train(full, measured, network))
measure("RAKI", begin, network=network)

# %% [markdown]
# ## 2. Your loop, our network
#
# `training_data` gives the calibration lines as the network will see them: lines R apart, and those between. Here: a
# leaky ReLU, fewer features and a linear path, the mean absolute error, a falling learning rate, and fresh noise on the
# inputs. `margin` tells how much of the output rests on zeros beyond the edge; the loss leaves it out.

# %%
data = raki.training_data(torch.from_numpy(full), measured)
sigma = float(raki.fit_noise_aware(full, measured).sigma.mean() * data.scale[0])


def fit(module, steps, rate, edge, rows):
    optimiser = torch.optim.Adam(module.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    inside = (..., rows, slice(edge, -edge))
    for _ in range(steps):
        noisy = data.lines + 2 * sigma * torch.randn_like(data.lines)
        loss = (module(noisy)[inside] - data.gaps[inside]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step(), schedule.step()
    print(f"{steps} steps, last loss {loss.item():.3g}")


begin = time.perf_counter()
own_loop = raki.Network(coils, R, features=(8, 4), activation=0.2, linear_path=True)
edge, beyond = own_loop.margin
fit(own_loop, 80, 5e-3, edge, slice(0, data.gaps.shape[-2] - beyond))
measure("own loop", begin, network=own_loop)

# %% [markdown]
# ## 3. Your loop, your module
#
# Any module serves that takes `(..., frame, coil, line, kx)` complex64 to `(..., frame, coil, R - 1, line - 1, kx)`.
# This one serves all coils at once and sees four measured lines around a gap instead of two; a linear convolution does
# most of the work.


# %%
class Wide(torch.nn.Module):
    def __init__(self, coils, rate, width=96):
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


begin, own_module = time.perf_counter(), Wide(coils, R)
fit(own_module, 150, 3e-3, 2, slice(1, -1))
measure("own module", begin, network=own_module)

# %% [markdown]
# One window; errors five times as bright. Steps and noise of the two own networks were chosen on this very slice, so
# their lead over RAKI proves nothing; and their errors have edges in them. `linear` is the bar for all three.

# %%
top = white(truth)
above, below = [(truth, top, "truth: every line", "")], [sampling_panel(measured, samples)]
for name, (image, numbers) in results.items():
    above.append((image, top, name, f"NRMSE {numbers['nrmse']:.4f}"))
    below.append((5 * np.abs(image - truth), top, "", "error x 5"))
sheet(folder / "own_network.png", [above, below])
