"""Transfer decodings of MIME (RFC 2045 section 6), block by block.

A decoder has `decode(buffer, start, end)`, which takes a range of a bytes object and returns the
decoded bytes, `finish()`, which returns the rest, and `damaged`. Nothing raises: what cannot be
decoded is skipped or passed as it is, and `damaged` is set. How the input was cut into blocks
makes no difference.
"""

import binascii

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_SPACES = (b"\r", b"\n", b" ", b"\t")
_MAX_PADDING_BYTES = 80  # blanks between the `=` of a soft line break and its line end


def make_decoder(encoding):
    """Return the decoder of a Content-Transfer-Encoding, None where bytes pass as they are."""
    if encoding == "base64":
        return Base64Decoder()
    if encoding == "quoted-printable":
        return QuotedPrintableDecoder()
    return None


def decode_all(decoder, data):
    """Return all of `data` (bytes) decoded at once."""
    return bytes(decoder.decode(data, 0, len(data))) + decoder.finish()


def hex_byte(code):
    """Return the byte that two hexadecimal digits stand for, or None."""
    # MicroPython takes two blanks for no digits at all.
    if len(code) == 2 and code[0] > 32:
        try:
            return binascii.unhexlify(code)[0]
        except ValueError:
            pass
    return None


def _decode_clean(text, count):
    """Return `text` decoded, None unless it has `count` base64 characters and no others.

    Both interpreters skip line ends and junk by themselves, so the length of the result tells.
    """
    if count % 4 == 0:
        try:
            data = binascii.a2b_base64(text)
            if len(data) * 4 == count * 3:
                return data
        except ValueError:
            pass
    return None


class Base64Decoder:
    """Base64; padding ends the data (RFC 2045 section 6.8)."""

    def __init__(self):
        self.damaged = False
        self._carry = b""
        self._ended = False

    def decode(self, buffer, start, end):
        if not self._carry and not self._ended:
            line_ends = 2 * buffer.count(b"\r\n", start, end) or buffer.count(b"\n", start, end)
            data = _decode_clean(memoryview(buffer)[start:end], end - start - line_ends)
            if data is not None:
                return data
        text = self._carry + buffer[start:end]
        for space in _SPACES:
            text = text.replace(space, b"")
        usable = len(text) // 4 * 4
        data = None if self._ended else _decode_clean(text[:usable], usable)
        if data is None:
            return self._decode_carefully(text)
        self._carry = text[usable:]
        return data

    def _decode_carefully(self, text):
        """Decode a text that has junk, padding, or both.

        Padding ends the data where it completes a group of four; elsewhere it is junk.
        """
        clean = bytes(byte for byte in text if byte in _ALPHABET)  # a list takes 8 times the room
        self.damaged = self.damaged or len(clean) < len(text)
        data, pads = b"", 0
        at = 0 if self._ended else clean.find(b"=")
        while at >= 0 and not self._ended:
            data += clean[:at]
            clean, pads = _without_padding(clean[at:])
            self._ended = len(data) % 4 >= 2 and len(data) % 4 + pads >= 4
            self.damaged = self.damaged or bool(clean) or len(data) % 4 < 2
            at = clean.find(b"=")
        if self._ended:
            self.damaged = self.damaged or bool(clean.strip(b"="))
            self._carry = b""
            return self._decode_last(data)
        pads = 0 if clean else pads
        data += clean
        usable = len(data) // 4 * 4
        self._carry = data[usable:] + b"=" * min(pads, 1)
        return binascii.a2b_base64(data[:usable])

    def _decode_last(self, text):
        if len(text) % 4 == 1:
            self.damaged = True
            text = text[:-1]
        return binascii.a2b_base64(text + b"==="[: -len(text) % 4])

    def finish(self):
        """Return the bytes of a last group without its padding."""
        data = self._decode_carefully(self._carry)
        self.damaged = self.damaged or bool(self._carry)
        text, self._carry = self._carry, b""
        return data + self._decode_last(text.rstrip(b"="))


def _without_padding(text):
    """Return (what follows on the padding that `text` begins with, length of the padding)."""
    rest = text.lstrip(b"=")
    return rest, len(text) - len(rest)


class QuotedPrintableDecoder:
    """Quoted-printable; a wrong escape passes as it is (RFC 2045 section 6.7)."""

    def __init__(self):
        self.damaged = False
        self._carry = b""

    def decode(self, buffer, start, end):
        if self._carry:
            buffer = self._carry + buffer[start:end]
            start, end = 0, len(buffer)
            self._carry = b""
        view = memoryview(buffer)
        at = buffer.find(b"=", start, end)
        if at < 0:
            return view[start:end]
        out = bytearray(end - start)
        filled = 0
        while at >= 0:
            out[filled : filled + at - start] = view[start:at]
            filled += at - start
            byte, start = self._escape(buffer, at, end)
            if byte is not None:
                out[filled] = byte
                filled += 1
            at = buffer.find(b"=", start, end)
        out[filled : filled + end - start] = view[start:end]
        return memoryview(out)[: filled + end - start]

    def _escape(self, buffer, at, end):
        """Return (byte or None, where to go on) for the `=` at `at`."""
        code = buffer[at + 1 : min(at + 3, end)]
        byte = hex_byte(code)
        if byte is not None:
            return byte, at + 3
        line_end = buffer.find(b"\n", at, min(at + 2 + _MAX_PADDING_BYTES, end))
        if line_end >= 0 and not buffer[at + 1 : line_end].strip():
            return None, line_end + 1
        blanks = end - at - 1 <= _MAX_PADDING_BYTES and not buffer[at + 1 : end].strip()
        if line_end < 0 and (len(code) < 2 or blanks):
            self._carry = buffer[at:end]
            return None, end
        self.damaged = True
        return 0x3D, at + 1

    def finish(self):
        """Return a half escape as it is; a soft line break at the very end is no damage."""
        rest, self._carry = self._carry, b""
        if not rest[1:].strip():
            return b""
        self.damaged = True
        return rest
