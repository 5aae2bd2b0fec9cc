"""What the notebooks share: where figures go, a real slice, and one way to draw images side by side."""

import os
import pathlib
import sys

import matplotlib
import numpy as np

IN_NOTEBOOK = "ipykernel" in sys.modules
if not IN_NOTEBOOK:
    matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

import raki  # noqa: E402

COLUMN, GAP, TEXT = 2.2, 0.04, 0.27  # inches: width of a panel, between panels, a line of text


def output_folder():
    """The first argument of the script, made if need be; in a notebook the folder it runs in."""
    if not IN_NOTEBOOK and len(sys.argv) < 2:
        sys.exit(f"usage: {pathlib.Path(sys.argv[0]).name} FOLDER: figures and results go there")
    folder = pathlib.Path("." if IN_NOTEBOOK else sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def real_data(name):
    """A file of the shared scans, $RAKI_DATA or ../shared/data; None, said loudly, where it is not there."""
    shared = pathlib.Path(__file__).resolve().parents[4] / "shared/data"
    path = pathlib.Path(os.environ.get("RAKI_DATA", shared)) / name
    if path.exists():
        return path
    print(f"NO REAL DATA: {name} is not there. What follows is a phantom; its numbers say little about brains.")
    return None


def brain():
    """A fully sampled brain slice, complex64 (coil, ky, kx): 8 coils, 230 lines of 180 samples; or a phantom."""
    path = real_data("brain8_full_230x180/full.cfl")
    if path is None:
        return raki.phantom(slices=1, coils=8, acceleration=1, acs=0, oversampling=1).kspace[0, :, 0]
    kspace, _ = raki.read_scan(path, axes="1,ky,kx,coil").read()  # (frame, coil, kz, ky, kx)
    return kspace[0, :, 0]


def sampled_lines(lines, rate, acs):
    """The mask (ky) of every `rate`-th line, one of them in the centre, and of `acs` lines around it."""
    measured, centre = np.zeros(lines, bool), lines // 2
    measured[centre % rate::rate] = True
    measured[centre - acs // 2:centre + acs - acs // 2] = True
    return measured


def white(image):
    """The upper end of a window: all but the brightest 0.5 % of the pixels lie within."""
    return float(np.percentile(image, 99.5))


def sheet(path, rows):
    """Draws `rows` of panels (image (y, x), white, title, note), or None for an empty place; black is 0."""
    first = [next(panel[0] for panel in row if panel) for row in rows]
    heights = [COLUMN * image.shape[0] / image.shape[1] for image in first]
    titled = [TEXT * any(panel and panel[2] for panel in row) for row in rows]
    width = max(map(len, rows)) * (COLUMN + GAP) - GAP
    height = sum(heights) + sum(titled) + GAP * (len(rows) - 1)
    figure = plt.figure(figsize=(width, height), facecolor="black")
    top = height
    for row, tall, line in zip(rows, heights, titled):
        top -= line + tall
        for column, panel in enumerate(row):
            if panel:
                place = [column * (COLUMN + GAP) / width, top / height, COLUMN / width, tall / height]
                _panel(figure.add_axes(place), *panel)
        top -= GAP
    figure.savefig(path, dpi=150, facecolor="black")
    if IN_NOTEBOOK:
        plt.show()
    plt.close(figure)
    print(f"figure: {path}")


def sampling_panel(measured, samples):
    """White lines were measured."""
    image = np.repeat(measured[:, None], samples, axis=1).astype(np.float32)
    return image, 1, "", f"{measured.sum()} of {len(measured)} lines"


def _panel(axes, image, top, title, note):
    axes.imshow(image, cmap="gray", vmin=0, vmax=top, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    axes.set_title(title, color="white", fontsize=10, pad=4)
    axes.text(0.02, 0.02, note, color="white", fontsize=8, transform=axes.transAxes,
              bbox={"facecolor": "black", "edgecolor": "none", "pad": 1.5, "alpha": 0.7} if note else None)
