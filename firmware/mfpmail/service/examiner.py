"""Looks at the stored files of a mail: what they are, and which of them can be printed."""

from mfpmail.core.filetypes import Sniffer

_PIECE_BYTES = 1024
_NOTED = ("type", "pages", "width", "height", "resolution_dpi", "fax_profile")
_PRINTED = ("application/pdf", "image/jpeg", "image/tiff", "image/png", "text/plain")


def examine(files, folder, mail):
    """Leave only what can be printed of `mail`, as `Arrival` made it; return whether anything is
    left. `files` is the storage port.

    Internet fax takes TIFF files of a profile of RFC 2301, e-mail print PDF, JPEG, TIFF, PNG and
    plain text; the text of the mail stays where there is no file. What a sender has cut off is
    taken: nobody has more of it. Raises StorageError.
    """
    found, items = [], mail["items"]
    # The text comes last; the files stay in their order: MicroPython's `sorted` would mix them.
    for item in [i for i in items if not i["body"]] + [i for i in items if i["body"]]:
        path = "%s/%d" % (folder, item["id"])
        is_body = item.pop("body")
        if item["size"] and not (is_body and found) and _is_taken(files, path, item, mail, is_body):
            found.append(item)
        else:
            files.remove(path)
    mail["items"] = found
    return bool(found)


def _is_taken(files, path, item, mail, is_body):
    """Note what a file is; return whether it can be printed."""
    file = files.open(path)
    try:
        content, is_blank = _look_into(file, item["size"])
    finally:
        file.close()
    for name in _NOTED:
        item[name] = content[name]
    if mail["setting"] == "ifax":
        return bool(content["fax_profile"])
    return content["type"] in _PRINTED and content["pages"] != 0 and not (is_body and is_blank)


def _look_into(file, size_bytes):
    """Return what `Sniffer.result` says of a file, and whether it is all blank."""
    sniffer = Sniffer()
    buffer = bytearray(_PIECE_BYTES)
    view, is_blank = memoryview(buffer), True
    count = file.readinto(buffer)
    while count:
        sniffer.feed(view[:count])
        is_blank = is_blank and not bytes(view[:count]).strip()
        count = file.readinto(buffer)
    found = sniffer.result(size_bytes)
    if found["type"] == "image/tiff":
        from mfpmail.core.tiff import describe

        found.update(describe(_reader(file), size_bytes))
    return found, is_blank


def _reader(file):
    """Return a function that reads `(offset, count)`."""

    def read_at(offset, count):
        file.seek(offset)
        return file.read(count)

    return read_at
