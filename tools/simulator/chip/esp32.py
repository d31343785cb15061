"""Stands in for a chip's `esp32`: NVS that lasts until the reset, the IDF's heap."""

HEAP_DATA, HEAP_EXEC = 4, 1
_spaces = {}


class NVS:
    def __init__(self, namespace):
        self._values = _spaces.setdefault(namespace, {})

    def set_i32(self, key, value):
        self._values[key] = value

    def get_i32(self, key):
        return self._get(key)

    def set_blob(self, key, value):
        self._values[key] = bytes(value)

    def get_blob(self, key, buffer):
        value = self._get(key)
        buffer[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        self._get(key)
        del self._values[key]

    def commit(self):
        pass

    def _get(self, key):
        if key not in self._values:
            raise OSError(-0x1102)  # ESP_ERR_NVS_NOT_FOUND
        return self._values[key]


def idf_heap_info(_capabilities):
    return [(160000, 110000, 100000, 80000)]
