"""NVIDIA DALI's operators on one array, on the CPU: a judge of raki's."""

import numpy as np
import pytest

dali = pytest.importorskip("nvidia.dali", reason="NVIDIA DALI is not installed (tests/requirements.txt), so nothing is "
                                                 "compared with it", exc_type=ImportError)

INTERPOLATIONS = {"nearest": dali.types.INTERP_NN, "linear": dali.types.INTERP_LINEAR, "cubic": dali.types.INTERP_CUBIC,
                  "lanczos3": dali.types.INTERP_LANCZOS3, "gaussian": dali.types.INTERP_GAUSSIAN,
                  "triangular": dali.types.INTERP_TRIANGULAR}
LAYOUTS = {2: "HWC", 3: "DHWC"}


def run(operator, batch, layout="", seed=0, **arguments):
    """Outputs of the operator (nvidia.dali.fn's, by name) for a batch of arrays: a list of lists of arrays."""
    function = dali.fn
    for name in operator.split("."):
        function = getattr(function, name)
    arguments = {name: INTERPOLATIONS[value] if name in ("interp_type", "min_filter", "mag_filter") else value
                 for name, value in arguments.items() if value is not None}

    @dali.pipeline_def(batch_size=len(batch), num_threads=1, device_id=None, seed=seed)
    def pipeline():
        outputs = function(dali.fn.external_source(source=lambda: batch, layout=layout, batch=True), **arguments)
        return tuple(outputs) if isinstance(outputs, (list, tuple)) else outputs

    built = pipeline()
    built.build()
    return [[np.array(output.at(i)) for i in range(len(batch))] for output in built.run()]


def on_image(operator, array, **arguments):
    """The operator's result for one image (y, x) or volume (z, y, x)."""
    ((result,),) = run(operator, [np.ascontiguousarray(array[..., None])], LAYOUTS[array.ndim], **arguments)
    return result[..., 0]
