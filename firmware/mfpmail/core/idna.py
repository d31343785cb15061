"""Mail addresses beyond ASCII: domains as A-labels (RFC 5890, 3492), and what may stand in them.

No interpreter here has the tables of Unicode, so nothing is normalised (NFC): what needs that is
refused where it can be told, and capitals become small in Latin, Greek and Cyrillic only.
"""

_MAX_LABEL_CHARS = 59  # each takes a digit or more, and `xn--` comes before them
_FULL_STOPS = "\u3002\uff0e\uff61"  # typed with East Asian keyboards (RFC 3490 section 3.1)

# (first, last, step, distance to the small letter)
_CAPITALS = (
    (0xC0, 0xD6, 1, 32),
    (0xD8, 0xDE, 1, 32),
    (0x100, 0x12E, 2, 1),
    (0x132, 0x136, 2, 1),
    (0x139, 0x147, 2, 1),
    (0x14A, 0x176, 2, 1),
    (0x178, 0x178, 1, -121),
    (0x179, 0x17D, 2, 1),
    (0x386, 0x386, 1, 38),
    (0x388, 0x38A, 1, 37),
    (0x38C, 0x38C, 1, 64),
    (0x38E, 0x38F, 1, 63),
    (0x391, 0x3AB, 1, 32),
    (0x400, 0x40F, 1, 80),
    (0x410, 0x42F, 1, 32),
    (0x1E00, 0x1E94, 2, 1),
    (0x1EA0, 0x1EFE, 2, 1),
)

# Controls, blanks, invisible marks, surrogates and non-characters.
_UNSEEN = (
    (0x80, 0xA0),
    (0xAD, 0xAD),
    (0x1680, 0x1680),
    (0x2000, 0x206F),
    (0x3000, 0x3000),
    (0xD800, 0xDFFF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFF),
)
# Accents that follow their letter and wide forms: normalised they would be another domain.
_UNNORMALISED = ((0x300, 0x36F), (0xFF00, 0xFFEF))

# RFC 3492 section 5
_BASE = 36
_T_MIN = 1
_T_MAX = 26
_SKEW = 38
_DAMP = 700
_INITIAL_BIAS = 72
_INITIAL_N = 128
_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def is_clear(text):
    """Say whether `text` has only characters that can be seen."""
    return not _has_any(text, _UNSEEN)


def domain_to_ascii(domain):
    """Return the domain with each label beyond ASCII as an A-label, "" when one cannot be."""
    for full_stop in _FULL_STOPS:
        domain = domain.replace(full_stop, ".")
    labels = [_label_to_ascii(label) for label in domain.split(".")]
    return ".".join(labels) if all(labels) else ""


def _label_to_ascii(label):
    if all(c < "\x80" for c in label):
        return label
    if len(label) > _MAX_LABEL_CHARS or _has_any(label, _UNSEEN + _UNNORMALISED):
        return ""
    return "xn--" + punycode("".join([_lower(c) for c in label]))


def _has_any(text, ranges):
    return any(first <= ord(c) <= last for c in text for first, last in ranges)


def _lower(character):
    code = ord(character)
    if code < 128:
        return character.lower()
    for first, last, step, distance in _CAPITALS:
        if first <= code <= last and not (code - first) % step:
            return chr(code + distance)
    return character


def punycode(label):
    """Return the Punycode of a label (RFC 3492 section 6.3), without `xn--`."""
    codes = [ord(c) for c in label]
    basic = [c for c in label if c < "\x80"]
    out = "".join(basic) + ("-" if basic else "")
    n, delta, bias, done = _INITIAL_N, 0, _INITIAL_BIAS, len(basic)
    while done < len(codes):
        least = min([code for code in codes if code >= n])
        delta += (least - n) * (done + 1)
        n = least
        for code in codes:
            if code < n:
                delta += 1
            elif code == n:
                out += _variable_length(delta, bias)
                bias = _adapt(delta, done + 1, done == len(basic))
                delta = 0
                done += 1
        delta += 1
        n += 1
    return out


def _variable_length(number, bias):
    out = ""
    k = _BASE
    while True:
        threshold = min(max(k - bias, _T_MIN), _T_MAX)
        if number < threshold:
            return out + _DIGITS[number]
        number, digit = divmod(number - threshold, _BASE - threshold)
        out += _DIGITS[threshold + digit]
        k += _BASE


def _adapt(delta, count, is_first):
    delta = delta // _DAMP if is_first else delta // 2
    delta += delta // count
    k = 0
    while delta > (_BASE - _T_MIN) * _T_MAX // 2:
        delta //= _BASE - _T_MIN
        k += _BASE
    return k + (_BASE - _T_MIN + 1) * delta // (delta + _SKEW)
