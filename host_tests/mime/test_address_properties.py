"""Addresses and HTML of any kind, against CPython's codecs and against anything at all."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mfpmail.core.errors import MailError
from mfpmail.core.headers import address_field, check_address, is_ascii
from mfpmail.core.htmlpart import plain_text
from mfpmail.core.idna import domain_to_ascii, punycode

FEW = settings(max_examples=200, deadline=None)
ANY = st.characters(exclude_categories=("Cs",))
SMALL = st.sampled_from(
    "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώϊϋабвгдежзийклмнбёüöäàéñçøåłżšž印刷機複合語한글"
)
SYNTAX = st.sampled_from(
    [
        b"<",
        b">",
        b"&",
        b";",
        b"</p>",
        b"<!--",
        b"-->",
        b"<script>",
        b"</script>",
        b"&lt;",
        b"&#x3a9;",
    ]
    + [b"<br>", b" ", b"\r\n", b"a", "ω".encode(), b"\xff", b"\0", b"#", b"/", b"<p class='x'>"]
)


@FEW
@given(st.text(ANY, min_size=1, max_size=40))
def test_punycode_is_what_the_codec_makes(label):
    assert punycode(label) == label.encode("punycode").decode()


@FEW
@given(st.lists(st.text(SMALL, min_size=1, max_size=12), min_size=1, max_size=3).map(".".join))
def test_domain_in_any_case_is_what_the_codec_makes_of_the_small_one(domain):
    assert domain_to_ascii(domain) == domain.encode("idna").decode()
    assert domain_to_ascii(domain.upper()) == domain.upper().encode("idna").decode()


@FEW
@given(st.text(ANY, max_size=30), st.text(ANY, max_size=30), st.booleans())
def test_address_is_refused_or_fit_for_the_wire(local_part, domain, ascii_domain):
    entered = local_part + "@" + ("x.example" if ascii_domain else domain)
    try:
        address = check_address(entered)
    except MailError as error:
        assert error.code == "bad_address"
        return
    shown, _, domain = address.rpartition("@")
    assert shown == local_part and is_ascii(domain)
    assert check_address(address) == address
    assert 3 <= len(address.encode()) <= 254 and len(shown.encode()) <= 64
    assert not set(address) & set(' \t\r\n<>()[]:;,\\"\0\x7f')
    assert address_field("To", [entered]) == "To: %s\r\n" % address


@FEW
@given(st.lists(SYNTAX, max_size=40).map(b"".join), st.integers(1, 50))
def test_plain_text_is_the_same_however_the_html_is_cut(html, count):
    pieces = [html[at : at + count] for at in range(0, len(html), count)]
    text = b"".join(plain_text(pieces))
    assert text == b"".join(plain_text([html]))
    assert len(text) <= len(html)
