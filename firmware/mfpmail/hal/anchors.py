"""The trust anchors on the flash, which the net and the HTTP port are made with."""


def trust_anchors(files):
    """Return the DER certificates in the folder `trust`, a list of bytes."""
    names = [name for name in files.names("trust") if name.endswith(".der")]
    return [files.read("trust/" + name) for name in names]
