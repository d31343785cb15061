"""The storage port in memory, with a quota and a switch that fails every write."""

import io

from mfpmail.core.errors import StorageError


class FakeFiles:
    """`content` maps paths to bytes; `free` bounds what can be added."""

    def __init__(self, free=1 << 20):
        self.content = {}
        self.free = free
        self.fail_writes = False
        self.writes = []

    def read(self, path):
        return self.content.get(path)

    def write(self, path, data):
        self._check()
        self.content[path] = bytes(data)
        self.writes.append(path)

    def create(self, path):
        self._check()
        return FakeWriter(self, path)

    def open(self, path):
        return io.BytesIO(self.content[path])

    def size(self, path):
        data = self.content.get(path)
        return None if data is None else len(data)

    def names(self, path):
        below = [p[len(path) + 1 :] for p in self.content if p.startswith(path + "/")]
        return sorted({p.split("/")[0] for p in below})

    def make_folder(self, path):
        pass

    def rename(self, path, new_path):
        self.content[new_path] = self.content.pop(path)

    def remove(self, path):
        self.content.pop(path, None)

    def remove_folder(self, path):
        for name in [p for p in self.content if p.startswith(path + "/")]:
            del self.content[name]

    def free_bytes(self):
        return self.free - sum(len(data) for data in self.content.values())

    def _check(self):
        if self.fail_writes:
            raise StorageError("storage_failed", "The device's storage failed.")


class FakeWriter:
    """A file that is there once it is closed."""

    def __init__(self, files, path):
        self._files = files
        self._path = path
        self._data = b""
        self.size_bytes = 0

    def write(self, data):
        if len(data) > self._files.free_bytes():
            raise StorageError("storage_full", "The device's storage is full.")
        self._data += bytes(data)
        self.size_bytes = len(self._data)

    def close(self):
        self._files.content[self._path] = self._data
