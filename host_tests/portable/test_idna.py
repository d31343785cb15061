"""core/idna.py: domains beyond ASCII as A-labels."""

from mfpmail.core.idna import domain_to_ascii, is_clear, punycode

# RFC 3492 section 7.1 (A), (B), (I), (L), (M), (N), (S); the case of the digits has no meaning.
SAMPLES = (
    ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
    ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
    ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
    ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"),
    ("安室奈美恵-with-SUPER-MONKEYS", "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n"),
    ("Hello-Another-Way-それぞれの場所", "Hello-Another-Way--fc4qua05auwb3674vfr0b"),
    ("-> $1.00 <-", "-> $1.00 <--"),
)


def test_punycode_samples_of_the_rfc():
    for label, encoded in SAMPLES:
        assert punycode(label) == encoded


def test_domain_to_ascii_known_domains():
    for domain, wire in (
        ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("faß.de", "xn--fa-hia.de"),
    ):
        assert domain_to_ascii(domain) == wire


def test_domain_to_ascii_capitals_give_the_same_domain():
    for capital, small in (
        ("ΕΛΛΗΝΙΚΆ.GR", "ελληνικά.GR"),
        ("ΏΡΑΣ.gr", "ώρασ.gr"),
        ("ΪΫΌΈΉΊΎ.gr", "ϊϋόέήίύ.gr"),
        ("ÀÖØÞ.com", "àöøþ.com"),
        ("ĀŁŃŹŽŸ.com", "āłńźžÿ.com"),
        ("ВЁРСТКА.рф", "вёрстка.рф"),
        ("VIỆT.vn", "việt.vn"),
        ("BÜCHER.de", "bücher.de"),
    ):
        assert domain_to_ascii(capital) == domain_to_ascii(small) != ""


def test_domain_to_ascii_leaves_ascii_alone():
    for domain in ("Mail.Example", "xn--hxa.gr", "a", ""):
        assert domain_to_ascii(domain) == domain


def test_domain_to_ascii_every_full_stop_parts_labels():
    for full_stop in "\u3002\uff0e\uff61":
        assert domain_to_ascii("例え" + full_stop + "jp") == "xn--r8jz45g.jp"


def test_domain_to_ascii_what_would_be_another_domain_is_refused():
    for domain in ("ε\u0301.gr", "a\u0301.com", "ｅｘ.com", "α\u200d.gr", "α\xad.gr", "\ufeffα.gr"):
        assert domain_to_ascii(domain) == ""


def test_domain_to_ascii_long_label_is_refused_without_work():
    assert domain_to_ascii("α" * 10000 + ".gr") == ""


def test_is_clear_sees_what_cannot_be_seen():
    assert is_clear("γιάννης用户😀")
    for hidden in ("\x80", "\x9f", "\xa0", "\u200b", "\u202e", "\u2028", "\u3000", "\ufeff"):
        assert not is_clear("a" + hidden)
    assert not is_clear(chr(0xD800)) and not is_clear(chr(0xFFFD))
