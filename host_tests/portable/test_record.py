"""core/record.py and service/store.py: a damaged record is never believed, and never lost."""

from fakes.files import FakeFiles, PowerCutError
from mfpmail.core import record
from mfpmail.service.store import Store
from support import failure

VALUE = {"name": "Διακριτικό", "list": [1, None, True], "text": "two words\n"}


def store_over(files):
    lines = []
    return Store(files, lines.append), lines


def test_record_comes_back_as_it_was():
    assert record.load(3, record.dump(3, VALUE)) == VALUE
    assert record.load(4, record.dump(3, VALUE)) == VALUE


def test_record_cut_anywhere_is_damaged():
    data = record.dump(1, VALUE)
    for size in range(len(data)):
        assert failure(record.load, 1, data[:size]).code == "record_damaged", size


def test_record_with_any_byte_changed_is_damaged():
    data = record.dump(7, VALUE)
    version_at = len(b"mfpmail ")
    for at in range(len(data)):
        if at != version_at:  # a digit of the version can only make it older or newer
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert failure(record.load, 7, changed).code == "record_damaged", at


def test_record_of_newer_firmware_is_told_apart():
    assert failure(record.load, 1, record.dump(2, VALUE)).code == "record_newer"


def test_store_load_of_nothing_is_none_and_no_fault():
    store, _ = store_over(FakeFiles())
    assert store.load("settings.json", 1) is None
    assert store.faults == []


def test_store_load_damaged_keeps_it_aside_and_reports():
    files = FakeFiles()
    store, lines = store_over(files)
    store.save("settings.json", 1, VALUE)
    files.content["settings.json"] = damaged = files.content["settings.json"][:-3]
    assert store.load("settings.json", 1) is None
    assert files.content == {"settings.json.bad": damaged}
    assert len(store.faults) == len(lines) == 1
    assert "settings.json" in store.faults[0]


def test_store_load_newer_keeps_it_aside_under_another_name():
    files = FakeFiles()
    store, _ = store_over(files)
    store.save("settings.json", 2, VALUE)
    assert store.load("settings.json", 1) is None
    assert list(files.content) == ["settings.json.newer"]


def test_store_save_cut_by_power_leaves_the_old_record():
    files = FakeFiles()
    store, _ = store_over(files)
    store.save("settings.json", 1, "old")
    files.changes_left = 0
    try:
        store.save("settings.json", 1, "new")
        raise AssertionError("the power did not go")
    except PowerCutError:
        files.changes_left = None
    assert store.load("settings.json", 1) == "old"
