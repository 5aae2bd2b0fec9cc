# %% [markdown]
# # From fastMRI files to DICOM, with noise maps
#
# Each file of fastMRI's layout becomes one folder with enhanced DICOM files: the images, and maps of their noise and
# g-factor. They are read back with pydicom, and the figure is drawn from the pixels that were read.
#
# As a script: `python fastmri_to_dicom.py FOLDER [FILE.h5 ...]`, with files of your own. Without any, a measured brain
# slice and a phantom are written in fastMRI's layout first. In Jupyter: open it with jupytext.

# %%
import pathlib
import sys

import h5py
import numpy as np
import pydicom

import raki
from shared import IN_NOTEBOOK, brain, output_folder, real_data, sampled_lines, sheet, white

folder = output_folder()
given = [] if IN_NOTEBOOK else [pathlib.Path(name) for name in sys.argv[2:]]

# %% [markdown]
# ## Files in fastMRI's layout
#
# `kspace` is (slice, coil, readout, line); lines that were not measured are zeros; `mask` tells which were. Matrix and
# field of view stand in an ISMRMRD header. The phantom's readouts are oversampled by 2, as in fastMRI.


# %%
def space(name, x, y, x_mm, y_mm):
    matrix = f"<matrixSize><x>{x}</x><y>{y}</y><z>1</z></matrixSize>"
    return f"<{name}>{matrix}<fieldOfView_mm><x>{x_mm}</x><y>{y_mm}</y><z>5</z></fieldOfView_mm></{name}>"


def write_fastmri(path, kspace, measured, oversampling, fov):
    """`kspace` (slice, coil, line, readout), `fov` (x, y) of the image in mm."""
    lines, readout = kspace.shape[-2:]
    encoded = space("encodedSpace", readout, lines, fov[0] * oversampling, fov[1])
    recon = space("reconSpace", readout // oversampling, lines, *fov)
    limits = (f"<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>{lines - 1}</maximum>"
              f"<center>{lines // 2}</center></kspace_encoding_step_1></encodingLimits>")
    with h5py.File(path, "w") as file:
        file["kspace"] = np.where(measured[:, None], kspace, 0).swapaxes(-1, -2).astype(np.complex64)
        file["mask"] = measured
        file["ismrmrd_header"] = (
            '<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><experimentalConditions>'
            "<H1resonanceFrequency_Hz>123000000</H1resonanceFrequency_Hz></experimentalConditions><encoding>"
            f"{encoded}{recon}{limits}<trajectory>cartesian</trajectory></encoding></ismrmrdHeader>")
    return path


def examples():
    phantom = raki.phantom(slices=3, coils=8, matrix_x=192, matrix_y=192, acs=24)
    yield write_fastmri(folder / "phantom.h5", phantom.kspace[:, :, 0], phantom.mask[0], 2, (240, 240))
    if real_data("brain8_full_230x180/full.cfl"):
        kspace = brain()[None]
        measured = sampled_lines(kspace.shape[2], 4, 24)
        yield write_fastmri(folder / "brain.h5", kspace, measured, 1, (180, 230))  # 1 mm a pixel is a guess


files = given or list(examples())

# %% [markdown]
# ## Reconstructed and written
#
# A file has no noise readouts, so the noise is estimated from the k-space. `noise_map=True` adds the noise's standard
# deviation, in the units of the image, and for linear methods the g-factor: noise against that of a full scan times
# the square root of encoded / measured lines. It is below 1 where the regularised kernel holds noise back. One
# enhanced DICOM file holds all slices.
# An existing folder is an error unless `overwrite=True`.

# %%
for file in files:
    scan = raki.read_scan(file)
    result = raki.reconstruct(scan, method="linear", noise_map=True)
    raki.write(result, folder / file.stem, "dicom", dicom="enhanced", overwrite=True)
    print(f"{file.name}: {scan!r}\n  {result}, {result.frames[0]['verdict']}")

# %% [markdown]
# ## Read back
#
# Series 1 holds the images, 11 the noise, 12 the g-factor. Stored numbers are integers. Those of the maps have a
# rescale slope; image values have no unit, and `raki.decode` gives them as they are stored. pydicom decodes HTJ2K with
# pylibjpeg-openjpeg; both must find the same integers.


# %%
def read(path):
    """(frame, y, x) in the file's units, and its attributes."""
    attributes = pydicom.dcmread(path)
    stored = raki.decode(path)
    assert np.array_equal(stored, attributes.pixel_array)
    transform = attributes.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence[0]
    values = stored * float(transform.RescaleSlope) + float(transform.RescaleIntercept)
    return values.reshape(-1, *values.shape[-2:]), attributes


rows = []
for file in files:
    series = [read(folder / file.stem / f"series{number:03}/image.dcm") for number in (1, 11, 12)]
    attributes = series[0][1]
    image, noise, g_factor = (values[len(values) // 2] for values, _ in series)
    pixel_mm = attributes.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    print(f"{file.stem}: {attributes.NumberOfFrames} frames of {image.shape}, {list(pixel_mm)} mm, "
          f"{attributes.file_meta.TransferSyntaxUID.name}, noise {np.median(noise):.3g}, g {np.median(g_factor):.2f}")
    titles = ("", "", "") if rows else ("image", "noise (sd)", "g-factor")
    notes = (file.stem, f"0 to {white(noise):.2g}", "0 to 1.5")
    rows.append(list(zip((image, noise, g_factor), (white(image), white(noise), 1.5), titles, notes)))
sheet(folder / "fastmri_to_dicom.png", rows)
