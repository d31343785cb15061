"""Parses every mail of a folder and prints what is in it, a line a mail; on both interpreters.

    digests.py FIRMWARE FOLDER

Each mail is fed as a whole, byte by byte, and in pieces of changing lengths: the line says whether
the results were the same.
"""

import binascii
import hashlib
import json
import os
import sys


def parsed(data, lengths):
    """Return ([depth, type, file name, is attachment, is multipart, length, SHA-256 of the
    content, defects] for each part, defects of all); `lengths` are those of the pieces, used
    again and again."""
    from mfpmail.core.mimeparse import DATA, PART_BEGIN, MimeParser

    parser = MimeParser(max_parts=1000)
    parts, open_parts, at, turn = [], [], 0, 0
    while True:
        length = lengths[turn % len(lengths)]
        events = parser.events(data[at : at + length]) if at < len(data) else parser.close()
        for kind, value in events:
            if kind == PART_BEGIN:
                row = [value.depth, value.content_type, value.file_name]
                row += [value.is_attachment, value.is_multipart, 0]
                open_parts.append((row, hashlib.sha256(), value))
                parts.append(row)
            elif kind == DATA:
                row, digest, _ = open_parts[-1]
                row[5] += len(value)
                digest.update(value)
            else:
                row, digest, part = open_parts.pop()
                row.append(binascii.hexlify(digest.digest()).decode())
                row.append(sorted(part.defects))
        if at >= len(data):
            return parts, sorted(parser.defects)
        at += length
        turn += 1


def results(data):
    """Return [parts, defects, whether pieces of any length give the same]."""
    parts, defects = parsed(data, [len(data) or 1])
    same = True
    for lengths in ([1], [2, 61, 1, 7, 300], [512]):
        same = same and parsed(data, lengths) == (parts, defects)
    return [parts, defects, same]


def main(folder):
    for name in sorted(os.listdir(folder)):
        with open(folder + "/" + name, "rb") as file:
            data = file.read()
        print(json.dumps([name] + results(data)))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main(sys.argv[2])
