"""The storage port in memory, with a quota, a switch that fails every write, and power cuts."""

import io

from mfpmail.core.errors import StorageError


class PowerCutError(Exception):
    """The power went: the change that was about to be made, and every later one, is not made."""


class FakeFiles:
    """`content` maps paths to bytes; `free` bounds what can be stored.

    `changes_left` counts down with every change of the flash; at 0 the power goes. A restart is
    `changes_left = None` and new services over the same files. `on_change(verb, path)` sees every
    change that was made.
    """

    def __init__(self, free=1 << 20):
        self.content = {}
        self.folders = set()
        self.free = free
        self.fail_writes = False
        self.changes_left = None
        self.on_change = lambda verb, path: None

    def read(self, path):
        return self.content.get(path)

    def write(self, path, data):
        self._check_room(path, len(data))
        try:
            self.change("write", path)
        except PowerCutError:
            self.content[path + ".tmp"] = bytes(data)[: len(data) // 2]
            raise
        self.content[path] = bytes(data)

    def create(self, path):
        self.change("create", path)
        self.content[path] = b""
        return FakeWriter(self, path)

    def open(self, path):
        if path not in self.content:
            raise StorageError("storage_failed", "The device's storage failed (2).")
        return io.BytesIO(self.content[path])

    def size(self, path):
        data = self.content.get(path)
        return None if data is None else len(data)

    def names(self, path):
        known = list(self.content) + list(self.folders)
        below = [p[len(path) + 1 :] for p in known if p.startswith(path + "/")]
        return sorted({p.split("/")[0] for p in below})

    def make_folder(self, path):
        if path not in self.folders:
            self.change("folder", path)
            self.folders.add(path)

    def rename(self, path, new_path):
        self.change("rename", path)
        self.content[new_path] = self.content.pop(path)

    def remove(self, path):
        if path in self.content:
            self.change("remove", path)
            del self.content[path]

    def remove_folder(self, path):
        for name in self.names(path):
            self.remove(path + "/" + name)
        if path in self.folders:
            self.change("remove", path)
            self.folders.remove(path)

    def free_bytes(self):
        return self.free - sum(len(data) for data in self.content.values())

    def change(self, verb, path):
        """Note a change before it is made."""
        if self.fail_writes:
            raise StorageError("storage_failed", "The device's storage failed.")
        if self.changes_left is not None:
            if not self.changes_left:
                raise PowerCutError(verb + " " + path)
            self.changes_left -= 1
        self.on_change(verb, path)

    def _check_room(self, path, size_bytes):
        if size_bytes > self.free_bytes() + len(self.content.get(path, b"")):
            raise StorageError("storage_full", "The device's storage is full.")


class FakeWriter:
    """A file that grows as it is written; once the storage was full, closing it fails too."""

    def __init__(self, files, path):
        self._files = files
        self._path = path
        self._full = False
        self.size_bytes = 0

    def write(self, data):
        if len(data) > self._files.free_bytes():
            self._full = True
            raise StorageError("storage_full", "The device's storage is full.")
        self._files.change("append", self._path)
        self._files.content[self._path] += bytes(data)
        self.size_bytes += len(data)

    def close(self):
        if self._full:
            raise StorageError("storage_full", "The device's storage is full.")
        self._files.change("close", self._path)
