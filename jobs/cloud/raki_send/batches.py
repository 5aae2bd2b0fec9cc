"""Which files travel in one request."""

from raki_cloud.multipart import part_bytes, request_bytes


def batches(instances, most_bytes):
    """The instances in lists, in their order, each list's body at most `most_bytes` long (or one instance). The first list holds
    one instance: a wrong address or password shows before much is sent."""
    batch, length = instances[:1], most_bytes
    for one in instances[1:]:
        if length + part_bytes(one.bytes) > most_bytes:
            yield batch
            batch, length = [], request_bytes([])
        batch.append(one)
        length += part_bytes(one.bytes)
    if batch:
        yield batch
