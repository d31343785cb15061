"""core/password.py and service/admin.py: the administrator's password and sign-ins."""

import binascii

from fakes.ports import FakePorts
from mfpmail.core import password
from mfpmail.service.admin import Admin
from mfpmail.service.store import Store

# Computed with CPython's hashlib.pbkdf2_hmac("sha256", ...).
VECTORS = (
    (
        "password",
        b"salt",
        1,
        b"120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b",
    ),
    (
        "passwordPASSWORDpassword",
        b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
        96,
        b"17bc51918d2426f6584159fde3257e9933542c4d4f96640ef64e868263f019cb",
    ),
    (
        "Διακριτικό",
        b"\0salt\xff",
        17,
        b"f9c94db356161ee4aa3145fc4b02fc4fa67cb87a25ca16191bb614fb91a9f66d",
    ),
    (
        "k" * 65,
        b"0123456789abcdef",
        3,
        b"37cbe385de23d4eecba1d2818a8b8f9d6e50c2834e41d8629b6b38b366aeedf3",
    ),
)
HALF_HOUR_S = 30 * 60


def started(ports):
    return Admin(Store(ports.files, lambda sentence: None), ports.clock, ports.random_bytes)


def signed_up():
    ports = FakePorts()
    admin = started(ports)
    return admin, admin.ensure_password(), ports


def test_derive_is_pbkdf2_of_hmac_sha256():
    for text, salt, iterations, expected in VECTORS:
        assert binascii.hexlify(password.derive(text, salt, iterations)) == expected


def test_matches_the_right_password_only():
    stored = password.make("geheim", b"s" * 16, 5)
    assert password.matches("geheim", stored)
    for wrong in ("", "Geheim", "geheim ", "gehei"):
        assert not password.matches(wrong, stored)


def test_make_stores_neither_the_password_nor_two_equal_hashes():
    one, other = (password.make("geheim", salt, 5) for salt in (b"a" * 16, b"b" * 16))
    assert "geheim" not in str(one)
    assert one["hash"] != other["hash"]


def test_same_compares_all_of_both():
    assert password.same(b"abc", b"abc") and password.same(b"", b"")
    for other in (b"abd", b"xbc", b"ab", b"abcd", b""):
        assert not password.same(b"abc", other)


def test_ensure_password_makes_one_once_and_keeps_it():
    admin, first, ports = signed_up()
    assert len(first) >= 12
    assert admin.ensure_password() is None
    again = started(ports)
    assert again.ensure_password() is None
    assert again.sign_in(first)
    assert first.encode() not in b"".join(ports.files.content.values())


def test_sign_in_with_a_wrong_password_is_none():
    admin, first, _ = signed_up()
    assert admin.sign_in(first + "x") is None
    assert admin.csrf_of("") is None


def test_sign_in_gives_a_session_with_its_csrf_token():
    admin, first, _ = signed_up()
    session, csrf = admin.sign_in(first)
    other, other_csrf = admin.sign_in(first)
    assert len({session, csrf, other, other_csrf}) == 4
    assert (admin.csrf_of(session), admin.csrf_of(other)) == (csrf, other_csrf)
    assert admin.csrf_of(csrf) is None


def test_sign_out_ends_one_session():
    admin, first, _ = signed_up()
    session, other = admin.sign_in(first)[0], admin.sign_in(first)[0]
    admin.sign_out(session)
    admin.sign_out(session)
    assert admin.csrf_of(session) is None
    assert admin.csrf_of(other)


def test_idle_session_ends_after_half_an_hour_and_a_used_one_does_not():
    admin, first, ports = signed_up()
    idle, used = admin.sign_in(first)[0], admin.sign_in(first)[0]
    ports.clock.advance_s(HALF_HOUR_S)
    assert admin.csrf_of(used)
    ports.clock.advance_s(1)
    assert admin.csrf_of(idle) is None
    assert admin.csrf_of(used)


def test_ninth_sign_in_ends_the_one_that_was_idle_longest():
    admin, first, ports = signed_up()
    sessions = []
    for _ in range(8):
        ports.clock.advance_s(1)
        sessions.append(admin.sign_in(first)[0])
    ports.clock.advance_s(1)
    assert admin.csrf_of(sessions[0])
    admin.sign_in(first)
    assert [s for s in sessions if not admin.csrf_of(s)] == [sessions[1]]


def test_restart_ends_all_sessions():
    admin, first, ports = signed_up()
    session, _ = admin.sign_in(first)
    assert started(ports).csrf_of(session) is None
