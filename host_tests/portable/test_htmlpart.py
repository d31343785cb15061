"""core/htmlpart.py: a plain text from HTML, wherever it is cut."""

from mfpmail.core.htmlpart import find_words, plain_text

CASES = (
    ("", ""),
    ("plain  text\n", "plain text"),
    ("<p>one</p><p>two</p>", "one\n\ntwo"),
    ("a<br>b<br/>c<BR />d<br><br>e", "a\nb\nc\nd\n\ne"),
    ("<ul><li>1<li>2</ul>x", "1\n2\n\nx"),
    ("<tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>", "a b\nc"),
    ("a <b>bold</b>er", "a bolder"),
    ("&lt;b&gt; &amp;amp; &quot;x&quot;&nbsp;y", '<b> &amp; "x" y'),
    ("&#937;&#x3a9;&euro;&#0;&#xZ;&#99999999;", "ΩΩ&euro;&#0;&#xZ;&#99999999;"),
    ("a & b, c&d; 1 < 2 <3", "a & b, c&d; 1 < 2 <3"),
    ("&", "&"),
    ("x&am", "x&am"),
    ("<html><head><title>T</title><style>p{}</style><body>B", "B"),
    ("a<script>if (1<b && c) '</p>'</script>b", "ab"),
    ("a<!-- <p> - -- > -->b<!DOCTYPE html>c", "abc"),
    ("a<p class='very long attribute' title=\"x\">b", "a\n\nb"),
    ("a <b c <p>d", "a\n\nd"),
    ("<p>Γειά σου, 世界 😀", "Γειά σου, 世界 😀"),
    ("a<", "a"),
    ("a<b", "a"),
    ("a<!-- b", "a"),
)


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_plain_text_any_cut_gives_the_same_text():
    for html, text in CASES:
        data = html.encode()
        for size in range(1, len(data) + 2):
            assert b"".join(plain_text(cut(data, size))).decode() == text, (html, size)


def test_plain_text_never_raises():
    for data in (bytes(range(256)), b"<" * 300, b"&" * 300, b"&#" * 50, b"<!-" * 50, b"\xff<\xff>"):
        for size in (1, 2, 7, 1000):
            assert sum([len(text) for text in plain_text(cut(data, size))]) <= len(data)


def test_plain_text_keeps_nothing_that_grows():
    pieces = list(plain_text([b"<p " + b"x" * 500] + [b"y" * 500] * 20 + [b">z"]))
    assert b"".join(pieces) == b"z"


def test_find_words_also_where_they_are_cut():
    data = b"<img src='cid:file1@inline'><img src='cid:file12@inline'>"
    words = [b"cid:file1@inline", b"cid:file12@inline", b"cid:file2@inline"]
    for size in range(1, len(data) + 1):
        assert find_words(cut(data, size), words) == set(words[:2])
