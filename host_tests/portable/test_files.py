"""hal/files.py on a real directory of this machine, under a name of its own."""

import binascii
import os

from mfpmail.hal.files import Files, Writer, exists
from support import failure


class Folder:
    """A temporary directory as the root of the device's files; gone at the end."""

    def __enter__(self):
        name = "mfpmail-" + binascii.hexlify(os.urandom(8)).decode()
        self.root = (os.getenv("TMPDIR") or "/tmp").rstrip("/") + "/" + name
        os.mkdir(self.root)
        self.files = Files(self.root + "/")
        return self

    def __exit__(self, *_):
        remove_tree(self.root)


def remove_tree(path):
    for name in os.listdir(path):
        try:
            os.remove(path + "/" + name)
        except OSError:
            remove_tree(path + "/" + name)
    os.rmdir(path)


def test_write_replaces_the_whole_file_and_leaves_no_other():
    with Folder() as folder:
        for data in (b"first, and longer", b"second", b""):
            folder.files.write("settings.json", data)
            assert folder.files.read("settings.json") == data
            assert folder.files.names("") == ["settings.json"]


def test_write_over_a_torn_temporary_file_works():
    with Folder() as folder:
        with open(folder.root + "/settings.json.tmp", "wb") as file:
            file.write(b"torn by a power cut, much longer than what follows")
        assert folder.files.read("settings.json") is None
        folder.files.write("settings.json", b"new")
        assert folder.files.read("settings.json") == b"new"
        assert folder.files.names("") == ["settings.json"]


def test_write_that_is_refused_leaves_the_old_content():
    with Folder() as folder:
        folder.files.write("a", b"old")
        os.mkdir(folder.root + "/a.tmp")  # the temporary file cannot be made
        assert failure(folder.files.write, "a", b"new").code == "storage_failed"
        assert folder.files.read("a") == b"old"


def test_write_into_a_folder_that_is_not_there_is_a_storage_error():
    with Folder() as folder:
        for call in (folder.files.create, folder.files.open):
            assert failure(call, "none/a").code == "storage_failed"
        assert failure(folder.files.write, "none/a", b"x").code == "storage_failed"


def test_read_of_nothing_and_of_a_folder_is_none():
    with Folder() as folder:
        folder.files.make_folder("tokens")
        assert folder.files.read("tokens/smtp") is None
        assert folder.files.read("tokens") is None


def test_create_counts_and_keeps_what_is_written():
    with Folder() as folder:
        writer = folder.files.create("a")
        for data in (b"one", bytearray(b"two"), memoryview(b"-three")[1:]):
            writer.write(data)
        assert writer.size_bytes == 11
        writer.close()
        assert folder.files.read("a") == b"onetwothree"
        assert folder.files.size("a") == 11


def test_open_reads_into_a_buffer():
    with Folder() as folder:
        folder.files.write("a", bytes(range(256)))
        buffer = bytearray(200)
        file = folder.files.open("a")
        assert (file.readinto(buffer), file.readinto(buffer)) == (200, 56)
        assert file.readinto(buffer) == 0
        file.close()
        assert bytes(buffer[:56]) == bytes(range(200, 256))


def test_size_of_nothing_and_of_a_folder_is_none():
    with Folder() as folder:
        folder.files.make_folder("a")
        assert (folder.files.size("a"), folder.files.size("b")) == (None, None)
        folder.files.write("c", b"")
        assert folder.files.size("c") == 0


def test_names_are_sorted_and_empty_without_a_folder():
    with Folder() as folder:
        folder.files.make_folder("in")
        for name in ("b", "10", "a", "2"):
            folder.files.write("in/" + name, b"")
        assert folder.files.names("in") == ["10", "2", "a", "b"]
        assert folder.files.names("none") == []


def test_make_folder_makes_those_above_and_keeps_one_that_exists():
    with Folder() as folder:
        folder.files.make_folder("outbox/000001-ab")
        folder.files.write("outbox/000001-ab/0", b"x")
        folder.files.make_folder("outbox/000001-ab")
        assert folder.files.names("outbox/000001-ab") == ["0"]
        assert exists(folder.root + "/outbox") and not exists(folder.root + "/inbox")


def test_remove_folder_removes_its_files_and_is_content_with_none():
    with Folder() as folder:
        folder.files.make_folder("a")
        folder.files.write("a/0", b"x")
        folder.files.write("a/job.json", b"y")
        folder.files.remove_folder("a")
        folder.files.remove_folder("a")
        assert folder.files.names("") == []


def test_remove_of_nothing_is_no_error_and_of_a_folder_is_one():
    with Folder() as folder:
        folder.files.remove("a")
        folder.files.make_folder("b")
        assert failure(folder.files.remove, "b").code == "storage_failed"


def test_rename_goes_over_a_file_that_is_there():
    with Folder() as folder:
        folder.files.write("a", b"new")
        folder.files.write("a.bad", b"old")
        folder.files.rename("a", "a.bad")
        assert folder.files.names("") == ["a.bad"]
        assert folder.files.read("a.bad") == b"new"
        assert failure(folder.files.rename, "none", "b").code == "storage_failed"


def test_free_bytes_is_a_whole_number():
    with Folder() as folder:
        assert isinstance(folder.files.free_bytes(), int)
        assert folder.files.free_bytes() > 0


def test_writer_on_a_full_storage_says_so():
    class FullFile:
        def write(self, data):
            raise OSError(28, "ENOSPC")

    writer = Writer(FullFile())
    assert failure(writer.write, b"x").code == "storage_full"
    assert writer.size_bytes == 0


def test_writer_that_cannot_be_flushed_is_closed_all_the_same():
    class FullFile:
        closed = False

        def flush(self):
            raise OSError(28, "ENOSPC")

        def close(self):
            self.closed = True

    file = FullFile()
    writer = Writer(file)
    assert failure(writer.close).code == "storage_full"
    assert file.closed
    writer.close()  # by who cleans up


def test_device_keeps_its_state_in_a_real_directory():
    from fakes.ports import FakePorts
    from mfpmail.service.device import Device
    from support import configure, spool

    with Folder() as folder:
        ports = FakePorts()
        ports.files = folder.files
        device = Device(ports)
        configure(device)
        job = spool(device, files=[("scan.pdf", b"x" * 3000)])
        os.mkdir(folder.root + "/outbox/000009-ffffff")  # an upload that a power cut ended
        folder.files.write("outbox/000009-ffffff/0", b"half")
        device = Device(ports)
        assert [j.id for j in device.outbox.jobs] == [job.id]
        assert folder.files.names("outbox") == [job.id]
        assert device.configuration.get("smtp")["server"] == "mail.test"
