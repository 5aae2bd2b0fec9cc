"""Which names are archives'. Apart from what unpacks them, which needs more than Python's own."""

KINDS = {".tar": "tar", ".tar.gz": "gz", ".tgz": "gz", ".tar.zst": "zst", ".zip": "zip"}


def kind_of(name):
    """How an archive of that name is packed; None: it is none."""
    return next((kind for ending, kind in KINDS.items() if name.lower().endswith(ending)), None)
