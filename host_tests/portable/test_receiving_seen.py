"""service/seen.py, listing.py: what need not be fetched, and what is looked at next."""

from mfpmail.service.listing import Listing
from mfpmail.service.seen import KEPT, STORED, TWICE, Seen

KEY = b"12345678"


class Shelf:
    """What Seen needs of the inbox."""

    def __init__(self):
        self.data = None
        self.mails = []
        self.old = ()

    def load_seen(self, setting):
        return self.data

    def old_seen(self, setting):
        return self.old

    def save_seen(self, setting, parts):
        self.data = b"".join(parts)

    def stored_after(self, number, setting):
        return [mail for mail in self.mails if mail[0] > number]


def noted(*entries):
    """Return a Seen that has read these entries from its record, and its shelf."""
    shelf = Shelf()
    seen = Seen(shelf, "ifax")
    for entry in entries:
        assert seen.add(*entry)
    seen.save()
    return Seen(shelf, "ifax"), shelf


def listed(seen, *unique_ids):
    listing = Listing(seen)
    for number, unique_id in enumerate(unique_ids):
        listing.take(number + 1, unique_id)
    return listing, listing.close()


def test_record_comes_back_as_it_was():
    seen, shelf = noted((STORED, "a", KEY), (KEPT, "b", KEY))
    assert len(shelf.data) == 18 + 2 * 16
    assert [seen.mark(unique_id) for unique_id in ("a", "b", "c")] == [STORED, KEPT, None]
    assert (seen.last, seen.cursor) == (0, 0)


def test_damaged_record_is_no_record():
    _, shelf = noted((STORED, "a", KEY), (KEPT, "b", KEY))
    whole = shelf.data
    for at in range(len(whole)):
        shelf.data = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert Seen(shelf, "ifax").mark("a") is None, at
        shelf.data = whole[:at]
        assert Seen(shelf, "ifax").mark("a") is None, at


def test_mail_stored_after_the_record_is_noted():
    seen, shelf = noted((STORED, "a", KEY))
    shelf.mails = [(3, "c", "3131313131313131"), (4, "", "3232323232323232")]
    seen = Seen(shelf, "ifax")
    assert (seen.mark("c"), seen.last) == (STORED, 4)
    assert seen.match(b"22222222", [], seen.counts) == STORED
    seen.save()
    shelf.mails = []
    assert Seen(shelf, "ifax").mark("c") == STORED


def test_forgotten_is_one_entry_for_each_deletion():
    twin = b"87654321"
    seen, shelf = noted(
        (STORED, "a", KEY), (STORED, "", twin), (STORED, "", twin), (KEPT, "b", KEY)
    )
    for name in ("x", KEY, twin, "b"):
        seen.forget(name)
    seen.save()
    seen = Seen(shelf, "ifax")
    assert seen.counts == [1, 1]
    assert seen.match(twin, [], seen.counts) == STORED
    assert [seen.mark(unique_id) for unique_id in ("a", "b")] == [None, KEPT]


def test_record_of_older_firmware_is_taken_over():
    shelf = Shelf()
    shelf.old = ["a", "b"]
    seen = Seen(shelf, "ifax")
    assert [seen.mark(unique_id) for unique_id in ("a", "b", "c")] == [STORED, STORED, None]


def test_record_is_bounded_and_tells_when_it_is_full():
    shelf = Shelf()
    seen = Seen(shelf, "ifax")
    for number in range(60):
        assert seen.room == 60 - number
        assert seen.add(STORED, "s%d" % number, KEY)
    for number in range(250):
        assert seen.add(KEPT, "k%d" % number, KEY)
    assert seen.room == 0 and seen.counts == [60, 250]
    assert not seen.add(STORED, "more", KEY) and not seen.add(KEPT, "more", KEY)
    seen.save()
    assert len(shelf.data) < 5000
    seen = Seen(shelf, "ifax")
    assert (seen.mark("s59"), seen.mark("k249"), seen.mark("k249")) == (STORED, KEPT, TWICE)


def test_what_the_server_does_not_list_is_forgotten():
    seen, shelf = noted((KEPT, "a", KEY), (KEPT, "b", KEY), (STORED, "c", KEY), (STORED, "d", KEY))
    listing, waiting = listed(seen, "b", "c", "new")
    assert (listing.total, listing.kept) == (3, 1)
    assert waiting == [(2, "c", STORED), (3, "new", None)]
    seen.save()
    seen = Seen(shelf, "ifax")
    assert [seen.mark(unique_id) for unique_id in "abcd"] == [None, KEPT, STORED, None]


def test_next_check_begins_behind_the_cursor_and_goes_round():
    seen, _ = noted()
    seen.cursor = 2
    listing, waiting = listed(seen, *"abcd")
    assert [number for number, _, _ in waiting] == [3, 4, 1, 2]
    assert not listing.is_cut
    seen.cursor = 30
    listing, waiting = listed(seen, *["u%d" % n for n in range(100)])
    assert [number for number, _, _ in waiting] == list(range(31, 51))
    assert listing.is_cut
    seen.cursor = 90
    waiting = listed(seen, *["u%d" % n for n in range(100)])[1]
    assert [number for number, _, _ in waiting] == list(range(91, 101)) + list(range(1, 11))


def test_listing_of_ten_thousand_keeps_twenty():
    seen, _ = noted(*[(KEPT, "u%d" % n, KEY) for n in range(200)])
    listing = Listing(seen)
    for number in range(10000):
        listing.take(number + 1, "u%d" % number)
    waiting = listing.close()
    assert (listing.total, listing.kept, listing.is_cut) == (10000, 200, True)
    assert [number for number, _, _ in waiting] == list(range(201, 221))


def test_repeated_and_missing_unique_ids_are_not_trusted():
    for unique_ids in (("a", "b", "a"), ("a", ""), ("", "")):
        seen, _ = noted((KEPT, "b", KEY))
        listing, waiting = listed(seen, *unique_ids)
        assert not listing.is_unique
        assert waiting == [(n + 1, "", None) for n in range(len(unique_ids))]
    seen, _ = noted((STORED, "a", KEY))
    assert not listed(seen, "a", "b", "a")[0].is_unique
    seen, _ = noted((STORED, "", KEY))
    assert not listed(seen, "a", "b")[0].is_unique


def test_each_of_several_mails_with_one_header_needs_an_entry():
    seen, _ = noted((STORED, "", KEY), (STORED, "", KEY), (KEPT, "", KEY))
    used = []
    found = [seen.match(KEY, used, [1, 1]) for _ in range(3)]
    assert found == [STORED, KEPT, None]
    assert seen.match(KEY, used, [2, 1]) == STORED
