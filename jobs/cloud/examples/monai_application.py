"""An application as MONAI Deploy starts one: a folder in, a folder out, their names from the environment. It takes what
`raki-health-imaging fetch-imageset` wrote to the same folder, brings every series to 1 mm voxels and standard orientation, and writes NIfTI.

    export HOLOSCAN_INPUT_PATH=in HOLOSCAN_OUTPUT_PATH=out      # App SDK before 0.6: MONAI_INPUTPATH, MONAI_OUTPUTPATH
    raki-health-imaging fetch-imageset ID --datastore ID && python jobs/cloud/examples/monai_application.py

Needs monai and nibabel from PyPI."""

import os
import pathlib

from monai.transforms import Compose, EnsureChannelFirst, LoadImage, Orientation, SaveImage, ScaleIntensityRangePercentiles, Spacing


def folder(*names):
    return pathlib.Path(next(os.environ[name] for name in names if os.environ.get(name)))


def main():
    source, target = folder("HOLOSCAN_INPUT_PATH", "MONAI_INPUTPATH"), folder("HOLOSCAN_OUTPUT_PATH", "MONAI_OUTPUTPATH")
    prepare = Compose([LoadImage(reader="PydicomReader", image_only=True), EnsureChannelFirst(), Orientation(axcodes="RAS"), Spacing(pixdim=(1, 1, 1)),
                       ScaleIntensityRangePercentiles(lower=0, upper=99.5, b_min=0, b_max=1, clip=True)])
    for series in sorted(path for path in source.iterdir() if path.is_dir()):
        image = prepare(series)  # a MetaTensor: your network goes here
        SaveImage(output_dir=target, output_postfix="", separate_folder=False, print_log=False)(image, meta_data={**image.meta, "filename_or_obj": series.name})
        print(f"{series.name}: {' x '.join(map(str, image.shape[1:]))} voxels of 1 mm")


if __name__ == "__main__":
    main()
