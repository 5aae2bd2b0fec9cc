"""Inputs of the formats the program reads, written by other people's libraries: h5py for fastMRI's layout, the `ismrmrd`
package for streams."""

import h5py
import ismrmrd
import ismrmrd.serialization
import numpy as np

CALIBRATION_AND_IMAGE, NOISE = 21, 19  # ISMRMRD's flag constants


def header(encoded, recon=None, *, encoded_fov=None, recon_fov=None, limits_ky=None, vendor="", labels=(), extra=""):
    """An ISMRMRD header; sizes (x, y, z), `limits_ky` (minimum, maximum, centre), `labels` the coils' names."""
    recon = recon or encoded
    size = lambda name, values: f"<{name}>" + "".join(f"<{a}>{v}</{a}>" for a, v in zip("xyz", values)) + f"</{name}>"
    space = lambda name, matrix, fov: f"<{name}>{size('matrixSize', matrix)}{size('fieldOfView_mm', fov)}</{name}>"
    system = f"<systemVendor>{vendor}</systemVendor>" if vendor else ""
    system += "".join(f"<coilLabel><coilNumber>{i}</coilNumber><coilName>{n}</coilName></coilLabel>"
                      for i, n in enumerate(labels))
    limits = ""
    if limits_ky:
        limits = "<kspace_encoding_step_1>" + "".join(
            f"<{n}>{v}</{n}>" for n, v in zip(("minimum", "maximum", "center"), limits_ky)) + "</kspace_encoding_step_1>"
    return ('<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">'
            f"<acquisitionSystemInformation>{system}</acquisitionSystemInformation>"
            "<experimentalConditions><H1resonanceFrequency_Hz>123000000</H1resonanceFrequency_Hz></experimentalConditions>"
            f"<encoding>{space('encodedSpace', encoded, encoded_fov or encoded)}"
            f"{space('reconSpace', recon, recon_fov or encoded_fov or recon)}<encodingLimits>{limits}</encodingLimits>"
            f"<trajectory>cartesian</trajectory></encoding>{extra}</ismrmrdHeader>")


def acquisition(samples, ky, *, flags=(), slice=0, position=(0, 0, 0), directions=np.eye(3), kz=0):
    """One readout; `samples` (coil, kx), `directions` read, phase, slice."""
    readout = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples, np.complex64))
    readout.center_sample = samples.shape[1] // 2
    readout.idx.kspace_encode_step_1, readout.idx.kspace_encode_step_2, readout.idx.slice = ky, kz, slice
    readout.sample_time_us = 5
    readout.position[:] = position
    readout.read_dir[:], readout.phase_dir[:], readout.slice_dir[:] = directions
    for flag in flags:
        readout.set_flag(flag)
    return readout


def noise_readout(samples):
    return acquisition(samples, 0, flags=[NOISE])


def write_stream(path, xml, readouts):
    """As the `ismrmrd` package sends it: header, acquisitions, end."""
    with open(path, "wb") as file:
        out = ismrmrd.serialization.ProtocolSerializer(file)
        out.serialize(ismrmrd.xsd.CreateFromDocument(xml))
        for readout in readouts:
            out.serialize(readout)
        out.close()


def stream_of_file(source, path):
    """The acquisitions of an ISMRMRD HDF5 file as a stream."""
    with ismrmrd.File(source, "r") as file:
        dataset = file["dataset"]
        with open(path, "wb") as stream:
            out = ismrmrd.serialization.ProtocolSerializer(stream)
            out.serialize(dataset.header)
            for readout in dataset.acquisitions:
                out.serialize(readout)
            out.close()


def asymmetric_stream(source, path, left_out):
    """The same without the first `left_out` samples of every readout but the noise's: the echo comes early."""
    with ismrmrd.File(source, "r") as file:
        dataset = file["dataset"]
        readouts = []
        for whole in dataset.acquisitions:
            if whole.is_flag_set(NOISE):
                readouts.append(whole)
                continue
            head = whole.getHead()
            head.number_of_samples -= left_out
            head.center_sample -= left_out
            readouts.append(ismrmrd.Acquisition(head, np.ascontiguousarray(whole.data[:, left_out:])))
        write_stream(path, dataset.header.toXML(), readouts)


def write_fastmri(path, kspace, xml, mask=None):
    """`kspace` (slice, coil, readout, phase encode) complex64; fastMRI's layout, not its data."""
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace.astype(np.complex64)
        file["ismrmrd_header"] = xml
        file.attrs["acquisition"] = "AXT2"
        if mask is not None:
            file["mask"] = mask


def centred_fft(array, axes):
    return np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(array, axes), axes=axes, norm="ortho"), axes)


def centred_ifft(array, axes):
    return np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(array, axes), axes=axes, norm="ortho"), axes)
