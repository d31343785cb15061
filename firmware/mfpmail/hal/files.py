"""The storage port over the file system, alike on littlefs and on a host's directory.

Paths are relative to the root, parts separated by `/`. A whole file is written to a temporary
name, flushed, closed and renamed: after a power cut there is the old content or the new, never
half of one (littlefs commits at close and renames atomically).
"""

import errno
import os

from mfpmail.core.errors import StorageError

_DIRECTORY = 0x4000  # the type bits of st_mode
_ENOSPC = 28  # everywhere, but MicroPython's errno does not name it
_TEMPORARY = ".tmp"


def _translate(error):
    if error.errno == _ENOSPC:
        return StorageError("storage_full", "The device's storage is full.")
    return StorageError("storage_failed", "The device's storage failed (%s)." % error.errno)


def _sync(file):
    file.flush()
    fsync = getattr(os, "fsync", None)  # littlefs on MicroPython needs none
    if fsync:
        fsync(file.fileno())


class Files:
    """All of the device's files; every method raises StorageError for what the flash refuses."""

    def __init__(self, root):
        self._root = root.rstrip("/") + "/"

    def read(self, path):
        """Return the content (bytes), or None when there is no such file."""
        try:
            with open(self._root + path, "rb") as file:
                return file.read()
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EISDIR):
                return None
            raise _translate(error)

    def write(self, path, data):
        """Replace the whole file, or leave it as it was."""
        temporary = path + _TEMPORARY
        try:
            with open(self._root + temporary, "wb") as file:
                file.write(data)
                _sync(file)
            os.rename(self._root + temporary, self._root + path)
        except OSError as error:
            self.remove(temporary)
            raise _translate(error)

    def create(self, path):
        """Return a Writer for a file whose size is not known yet."""
        try:
            return Writer(open(self._root + path, "wb"))
        except OSError as error:
            raise _translate(error)

    def open(self, path):
        """Return the open file (`readinto`, `read`, `close`)."""
        try:
            return open(self._root + path, "rb")
        except OSError as error:
            raise _translate(error)

    def size(self, path):
        """Return the size in bytes, or None when there is no such file."""
        try:
            status = os.stat(self._root + path)
        except OSError:
            return None
        return None if status[0] & _DIRECTORY else status[6]

    def names(self, path):
        """Return the names in a folder, sorted; none when there is no such folder."""
        try:
            return sorted(os.listdir(self._root + path))
        except OSError:
            return []

    def make_folder(self, path):
        """Make the folder and those above it; one that exists is kept."""
        made = ""
        for part in path.split("/"):
            made += part
            try:
                os.mkdir(self._root + made)
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise _translate(error)
            made += "/"

    def rename(self, path, new_path):
        """Rename, over a file that may stand there."""
        try:
            os.rename(self._root + path, self._root + new_path)
        except OSError as error:
            raise _translate(error)

    def remove(self, path):
        """Remove a file; one that does not exist is no error."""
        try:
            os.remove(self._root + path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise _translate(error)

    def remove_folder(self, path):
        """Remove a folder with the files in it."""
        for name in self.names(path):
            self.remove(path + "/" + name)
        try:
            os.rmdir(self._root + path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise _translate(error)

    def free_bytes(self):
        """Return how much more can be stored."""
        status = os.statvfs(self._root)
        return status[0] * status[3]


class Writer:
    """A file being written; `close` makes it durable, `size_bytes` counts."""

    def __init__(self, file):
        self._file = file
        self.size_bytes = 0

    def write(self, data):
        """Append. Raises StorageError `storage_full`."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _translate(error)
        self.size_bytes += len(data)

    def close(self):
        """Flush and close; it is closed in any case, and need not be again. Raises StorageError."""
        file, self._file = self._file, None
        if not file:
            return
        try:
            try:
                _sync(file)
            finally:
                file.close()
        except OSError as error:
            raise _translate(error)


def exists(path):
    """Say whether there is a file at this absolute path."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True
