"""tools/members.py: methods and attributes get short names, the same ones everywhere."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from members import short_names_of, shorten_members

import tree


def shortened(expected, foreign=(), **modules):
    """Return the sources with short members; `user` says the same `result` before and after."""
    sources = {"pack." + name: source for name, source in modules.items()}
    after = shorten_members(sources, foreign)
    assert result_of(sources) == expected
    assert result_of(after) == expected, after
    return {name[5:]: source for name, source in after.items()}


def result_of(sources):
    """Run the modules in their order, as if each imported all names of those before."""
    names = {"__name__": "pack"}
    for source in sources.values():
        tree = ast.parse(source)
        ours = [n for n in tree.body if not (isinstance(n, ast.ImportFrom) and "pack" in n.module)]
        exec(compile(ast.Module(ours, []), "pack", "exec"), names)
    return names["result"]


THING = """\
class Thing:
    limit = 3
    doubled = limit * 2

    def __init__(self, start):
        self.value_held = start
        self._hidden = 1
        self.later = None

    def method(self, more=limit):
        return self.value_held + more + self.doubled

    async def waiting(self):
        return self.method()
"""


def test_members_methods_attributes_and_class_variables_become_short():
    codes = shortened(
        (10, 3, 6, 5),
        thing=THING,
        user="from pack.thing import Thing\n\nthing = Thing(1)\nthing.later = 5\n"
        "result = thing.method(), Thing.limit, thing.doubled, thing.later\n",
    )
    for name in ("limit", "doubled", "value_held", "later", "method", "waiting"):
        assert name not in codes["thing"] + codes["user"], name
    assert "_hidden" in codes["thing"]


def test_members_attributes_set_from_outside_are_the_same_inside():
    codes = shortened(
        (7, [8, 9]),
        thing="class Thing:\n    def told(self):\n        return self.given, self.several\n",
        user="thing = Thing()\nthing.given = 7\nfor thing.several in ([8], [8, 9]):\n    pass\n"
        "result = thing.told()\n",
    )
    assert "given" not in codes["thing"] + codes["user"]


def test_members_that_a_subclass_in_another_module_overrides():
    codes = shortened(
        ("mine, base", 4),
        thing="class Base:\n    kind = 3\n\n    def told(self):\n        return 'base'\n\n"
        "    def shown(self):\n        return self.told(), self.kind\n",
        user="from pack.thing import Base\n\n\nclass Mine(Base):\n    kind = Base.kind + 1\n\n"
        "    def told(self):\n        return 'mine, ' + super().told()\n\n\n"
        "result = Mine().shown()\n",
    )
    assert "told" not in codes["thing"] + codes["user"]


def test_members_that_decorators_in_a_class_name():
    codes = shortened(
        (1, 5, [1, 5]),
        user="class Thing:\n    seen = []\n    held = 1\n\n    def watched(function):\n"
        "        return function\n\n    @property\n    def current(self):\n"
        "        return self.held\n\n    @current.setter\n    def current(self, new):\n"
        "        self.held = new\n\n    @staticmethod\n    @watched\n"
        "    def noted(new, into=seen):\n"
        "        into.append(new)\n        return new\n\n\n"
        "thing = Thing()\nfirst = thing.noted(thing.current)\nthing.current = 5\n"
        "result = first, thing.noted(thing.current), Thing.seen\n",
    )
    for name in ("seen", "current", "watched", "noted"):
        assert name not in codes["user"], name


def test_members_of_a_class_in_a_function_become_short():
    codes = shortened(
        4,
        user="def make():\n    class Inner:\n        told = 4\n\n        class Deeper:\n"
        "            given = 5\n\n    return Inner()\n\n\nresult = make().told\n",
    )
    assert "told" not in codes["user"]
    assert "given" not in codes["user"]


def test_members_that_other_sources_name_stay():
    foreign = "def serve(thing, stop=None):\n    return thing.opened, getattr(thing, 'closed')\n"
    source = (
        "class Thing:\n    opened = 1\n    closed = 2\n    other = 3\n\n    def stop(self):\n"
        "        return 4\n\n\nresult = Thing.opened, Thing.closed, Thing.other, Thing().stop()\n"
    )
    codes = shortened((1, 2, 3, 4), [foreign], user=source)
    for name in ("opened", "closed", "stop"):
        assert name in codes["user"], name
    assert "other" not in codes["user"]


def test_members_that_a_string_names_stay():
    source = (
        "class Thing:\n    first = 1\n    second = 2\n    third = 3\n\n\n"
        "def look(name):\n    return getattr(Thing, name)\n\n\n"
        "result = look('first'), hasattr(Thing, 'second'), Thing.third\n"
    )
    codes = shortened((1, True, 3), user=source)
    assert "first = 1" in codes["user"]
    assert "second = 2" in codes["user"]
    assert "third" not in codes["user"]


def test_members_called_as_what_python_has_stay():
    source = (
        "class Stream:\n    def write(self, data):\n        self.errno = data\n"
        "        return data\n\n    def writable_bytes(self):\n        return 1\n\n\n"
        "result = Stream().write(3)\n"
    )
    codes = shortened(3, user=source)
    assert "def write(" in codes["user"]
    assert "self.errno" in codes["user"]
    assert "writable_bytes" not in codes["user"]


def test_members_names_of_a_module_are_not_touched():
    sources = {
        "pack.other": "class Thing:\n    limit = 1\n\n\n"
        "limit = 2\n\n\ndef told():\n    return limit\n",
        "pack.user": "from pack import other\n\n\nclass User:\n    def told(self):\n"
        "        return other.told(), other.limit, other.Thing.limit\n\n\nother.limit = 3\n",
    }
    codes = shorten_members(sources, [])
    assert "\nlimit = 2\n" in codes["pack.other"]
    assert "def told()" in codes["pack.other"]
    assert "return (other.told(), other.limit, other.Thing." in codes["pack.user"]
    assert "other.Thing.limit" not in codes["pack.user"]
    assert "other.limit = 3" in codes["pack.user"]
    assert "def told(self)" not in codes["pack.user"]


@pytest.mark.parametrize(
    "user",
    [
        "def f():\n    from pack import other\n    return g(other)\n\n\n"
        "def g(module):\n    return module.told()\n",
        "import pack.other\n\n\ndef f():\n    return pack.other.told()\n",
        "def f(new):\n    if new:\n        from pack import other\n    else:\n"
        "        from pack import another as other\n    return other.told()\n",
    ],
)
def test_members_called_as_what_a_module_has_that_is_an_object_stay(user):
    other = "class Thing:\n    told = 1\n\n\ndef told():\n    return 2\n"
    codes = shorten_members({"pack.other": other, "pack.another": other, "pack.user": user}, [])
    assert "    told = 1" in codes["pack.other"]
    assert ".told()" in codes["pack.user"]


def test_members_global_names_in_a_class_keep_their_meaning():
    codes = shortened(
        (2, 2, 1, [0, 1], 2),
        user="limit = 2\na = 1\n\n\nclass Thing:\n    first = limit\n    third = a\n"
        "    listed = [first for first in range(limit)]\n\n"
        "    def told(self, given=a):\n        return limit\n\n\n"
        "class Other:\n    limit = limit\n\n\n"
        "result = Thing.first, Thing().told(), Thing.third, Thing.listed, Other.limit\n",
    )
    assert "told" not in codes["user"]


def test_members_that_are_short_already_meet_no_others():
    codes = shortened(
        (1, 2, 3, 4),
        user="class Thing:\n    a = 1\n    long_one = 2\n\n    def __init__(self):\n"
        "        self.b = 3\n        self.long_two = 4\n\n\nthing = Thing()\n"
        "result = thing.a, thing.long_one, thing.b, thing.long_two\n",
    )
    assert "long" not in codes["user"]


@pytest.mark.parametrize(
    "statement",
    [
        "if True:\n        told = 1",
        "told, other = 1, 2",
        "told: int = 1",
        "for told in (1,):\n        pass",
    ],
)
def test_members_that_are_bound_otherwise_in_a_class_keep_together(statement):
    user = "class First:\n    %s\n\n\nclass Second:\n    told = 3\n\n\nresult = First.told\n"
    shortened(1, user=user % statement)


@pytest.mark.parametrize(
    "line",
    ["getattr(x, 'a' + y)", "setattr(x, 'a%s' % y, 1)", "hasattr(x, y[0])", "getattr(*y)"],
)
def test_members_lookup_by_a_name_that_is_put_together_is_refused(line):
    with pytest.raises(ValueError, match=r"pack\.user: .*attr.* is not read"):
        shorten_members({"pack.user": "def f(x, y):\n    " + line + "\n"}, [])


COLLECT = """\
import sys

sys.path[:] = [".frozen"]
found, missing = set(), []


def note(thing):
    found.update(dir(thing))
    found.update(dir(type(thing)))


for name in %r:
    try:
        module = __import__(name)
    except ImportError:
        missing.append(name)
        continue
    note(module)
    for part in dir(module):
        note(getattr(module, part))

import asyncio, hashlib, io, re, socket, tls

for name in %r:  # asyncio loads them when it is asked for
    note(getattr(asyncio, name))


async def wait():
    pass


def generate():
    yield


coroutine = wait()
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_NONE
things = [0, 0.5, 1j, "", b"", bytearray(), memoryview(b""), (), [], {}, {0}, frozenset(), True]
things += [None, range(1), iter([]), {}.items(), zip(), object(), OSError(1)]
things += [wait, generate, generate(), coroutine, [].append, asyncio.get_event_loop()]
things += [hashlib.sha256(), io.StringIO(), io.BytesIO(), re.compile("a"), re.match("a", "a")]
things += [context, context.wrap_socket(socket.socket(), do_handshake_on_connect=False)]
things += [socket.socket(), open("/dev/null"), open("/dev/null", "rb"), sys.stdout]
for thing in things:
    note(thing)
coroutine.close()
print(sorted(found))
print(missing)
"""

ON_EVERY_BOARD = {
    *("asyncio", "binascii", "builtins", "collections", "errno", "gc", "hashlib", "io", "json"),
    *("micropython", "os", "random", "re", "select", "socket", "struct", "sys", "time", "tls"),
    "vfs",
}
LOADED_WHEN_ASKED = (
    *("Event", "Lock", "ThreadSafeFlag", "StreamReader", "StreamWriter", "start_server"),
    *("gather", "wait_for", "wait_for_ms", "open_connection", "funcs", "stream", "event", "lock"),
)


def run_micropython(code):
    micropython = Path(sys.executable).with_name("micropython")
    done = subprocess.run([micropython, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [ast.literal_eval(line) for line in done.stdout.splitlines()]


def imported_by(sources):
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    plain = [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return {*plain, *(node.module for node in nodes if isinstance(node, ast.ImportFrom))}


def test_members_of_the_firmware_that_became_short_are_none_that_micropython_has(monkeypatch):
    calls = []
    monkeypatch.setattr(tree, "shorten_members", lambda *given: calls.append(given) or given[0])
    tree.device_code("HOST")
    [(sources, foreign)] = calls
    ours = {*sources, "mfpmail", "microdot.microdot"}
    imported = imported_by([*sources.values(), *foreign])
    modules = {name for name in imported if name not in ours and not name.startswith("mfpmail.")}
    asked = sorted(modules | ON_EVERY_BOARD), LOADED_WHEN_ASKED
    found, missing = run_micropython(COLLECT % asked)
    assert {"wait_closed", "awrite", "acquire", "setblocking", "wrap_socket"} <= set(found)
    assert set(missing) <= imported_by(foreign[-1:]) - ON_EVERY_BOARD  # microdot does without
    short = short_names_of(sources, foreign)
    assert len(short) > 50
    assert not set(found) & {*short, *short.values()}
