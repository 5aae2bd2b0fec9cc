"""raki: MRI k-space reconstruction with scan-specific interpolation, on arrays in memory.

    import raki

    scan = raki.read_scan("scan.h5")              # ISMRMRD, fastMRI, .npy, .cfl, .mat
    result = raki.reconstruct(scan)               # or: raki.reconstruct(kspace, mask)
    result.image                                  # (frame, z, y, x) magnitude
    raki.write_dicom(result, "images")

Arrays. k-space is complex64 (..., coil, kz, ky, kx), images (..., coil, z, y, x); (coil, ky, kx) is one slice, (coil, kz,
ky, kx) one slab, and any axes before these are frames. NumPy in, NumPy out; torch in, torch out, on the device the tensor
lives on; CuPy and others through DLPack. Nothing is copied that need not be, nothing given is ever written to.

Sampling. What was measured is told by a mask, (ky) or (kz, ky), True where a line was measured; mask="infer" takes lines
that are zero in all coils and frames as not measured.

Whole jobs        read_scan, reconstruct, write, write_dicom, evaluate, phantom, write_phantom, decode; options lists
                  their keywords, methods the methods
Steps             detect_sampling, estimate_noise_covariance, whitening_matrix, prewhiten, remove_readout_oversampling,
                  compress_coils, interpolate, fit_noise_aware, train, fill_partial_fourier, filter_kspace,
                  to_coil_images, to_kspace, estimate_sensitivities, phase_reference, refer_phase, combine,
                  root_sum_of_squares, noise_map, to_image_grid, compare_images
Networks          Network, training_data, train, read_lessons
Data preparation  uniform_mask, fastmri_mask, resize, warp_affine, rotate, random_object_bbox, from_bart, to_bart
Errors            Error, InputError (a ValueError), DeviceError and Bug (RuntimeErrors)

Messages of the engine go to the logger "raki" of Python's logging. `python -m raki` is the command line.
"""

import os as _os
import pathlib as _pathlib

import torch as _torch  # noqa: F401  its libraries are the engine's

# DCMTK's table of attributes, where a wheel brought it.
if (_share := _pathlib.Path(__file__).with_name("share") / "dicom.dic").exists():
    _os.environ.setdefault("DCMDICTPATH", str(_share))

from raki._engine import Lessons, NoiseCorrelation, Sampling, methods, read_lessons
from raki._engine import version as __version__
from raki._bart import from_bart, to_bart
from raki._errors import Bug, DeviceError, Error, InputError
from raki._evaluation import evaluate
from raki._files import decode, phantom, write_phantom
from raki._interpolation import Filled, NoiseAwareFit, fit_noise_aware, interpolate, noise_map
from raki._networks import Network, Training, TrainingData, train, training_data
from raki._object_bbox import random_object_bbox
from raki._options import options
from raki._reconstruction import Reconstruction, reconstruct, write, write_dicom
from raki._resize import resize
from raki._scan import Scan, read_scan
from raki._steps import (combine, compare_images, compress_coils, detect_sampling, estimate_noise_covariance,
                         estimate_sensitivities, fastmri_mask, fill_partial_fourier, filter_kspace, phase_reference, prewhiten,
                         refer_phase, remove_readout_oversampling, root_sum_of_squares, to_coil_images, to_image_grid, to_kspace,
                         uniform_mask, whitening_matrix)
from raki._warp import rotate, warp_affine

__all__ = [name for name in dir() if not name.startswith("_")]
