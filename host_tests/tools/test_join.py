"""tools/join.py: modules become one, and what they do stays the same."""

import ast

import pytest
from join import join
from joining import RESIDENT, joined_in


@pytest.fixture
def joined(tmp_path):
    return joined_in(tmp_path)


def test_join_names_of_several_modules_do_not_meet(joined):
    codes = joined(
        "from pack.a import first\nfrom pack.b import second\nresult = first(1), second(1)\n",
        ((1, "a", 10), (1, "b", 20)),
        a="_place = 'a'\nlimit = 10\n\n\ndef _told(x):\n    return x, _place, limit\n\n\n"
        "def first(x):\n    return _told(x)\n",
        b="_place = 'b'\nlimit = 20\n\n\ndef _told(x):\n    return x, _place, limit\n\n\n"
        "def second(x):\n    return _told(x)\n",
    )
    assert codes.keys() == {"main", RESIDENT}
    assert "first" not in codes[RESIDENT]


def test_join_local_names_that_others_have_as_global_ones_keep_their_meaning(joined):
    joined(
        "from pack.a import value\nfrom pack.b import told, counted, caught, walked\n"
        "result = value, told(2), counted(), caught(), walked\n",
        (1, (2, 7), 3, "ValueError", [0, 1]),
        a="value = 1\nnumber = 5\nerror = 6\ntimes = 8\n",
        b="def told(value):\n    number = 7\n    return value, number\n\n\n"
        "def counted():\n    times = 0\n\n    def add():\n        nonlocal times\n"
        "        times += 3\n\n    add()\n    return times\n\n\n"
        "def caught():\n    try:\n        raise ValueError\n    except ValueError as error:\n"
        "        return type(error).__name__\n\n\n"
        "walked = [value for value in range(2)]\n",
    )


def test_join_short_local_names_are_not_given_to_global_ones(joined):
    """The names before are one letter each, as they come from the step before."""
    joined(
        "from pack.a import outer\nresult = outer(3)\n",
        [(3, 4, 1), (3, 4, 2)],
        a="from pack.b import helper\n\n\ndef outer(a):\n    b = a + 1\n"
        "    return [helper(a, b, c) for c in (1, 2)]\n",
        b="def helper(d, e, f):\n    return d, e, f\n",
    )


def test_join_module_as_a_prefix_inside_and_outside(joined):
    codes = joined(
        "from pack.a import limits_seen\nresult = limits_seen()\n",
        (5, 6, 5, "later"),
        limits="MOST = 5\n\n\ndef more():\n    return MOST + 1\n",
        a="from pack import limits\nfrom pack import limits as same\n\n_MOST = same.MOST\n\n\n"
        "def limits_seen():\n    from pack import lazy\n    from pack import limits\n"
        "    return _MOST, limits.more(), limits.MOST, lazy.name()\n",
        lazy="from pack import limits\n\n\ndef name():\n"
        "    assert limits.MOST == 5\n    return 'later'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy"}
    assert "limits" not in codes[RESIDENT]


def test_join_argument_called_as_an_imported_module_is_not_that_module(joined):
    joined(
        "from pack.a import read, Limits\nresult = read(Limits())\n",
        9,
        limits="MOST = 5\n",
        a="from pack import limits\n\n\nclass Limits:\n    MOST = limits.MOST + 4\n\n\n"
        "def read(limits):\n    return limits.MOST\n",
    )


def test_join_lazy_import_from_what_was_joined(joined):
    codes = joined(
        "from pack.a import value\nresult = value(), value()\n",
        ((1, 2, "lazy"), (1, 2, "lazy")),
        a="def value():\n    from pack.b import one as uno, two\n"
        "    from pack.lazy import name\n    return uno, two, name()\n\n\n"
        "from pack import b\n_unused = b.one\n",
        b="one = 1\ntwo = 2\n",
        lazy="def name():\n    from pack.b import one\n    return {1: 'lazy'}[one]\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy"}


def test_join_short_names_that_come_again_elsewhere_do_not_meet(joined):
    codes = joined(
        "from pack.a import value, told\nresult = value, told()\n",
        (1, (2, 3, 1)),
        a="value = 1\n\n\ndef told():\n    from pack.lazy import both\n    return both()\n",
        lazy="own = 2\nother = 3\n\n\ndef both():\n    from pack.a import value\n"
        "    return own, other, value\n",
        late="own = 5\n",
    )
    assert codes["pack.late"] == "a = 5\n"


def test_join_function_that_only_imports_keeps_a_body(joined):
    joined(
        "from pack.a import load\nresult = load()\n",
        None,
        a="def load():\n    from pack import b\n\n\nfrom pack.b import one\nprint(one)\n",
        b="one = 1\n",
    )


IMPORTER = "def open_it():\n    from pack.lazy import name\n    return name()\n"


def test_join_module_goes_into_the_only_one_that_imports_it(joined):
    codes = joined(
        "from pack.a import open_it\nresult = open_it()\n",
        "deep",
        a=IMPORTER,
        lazy="from pack.helper import named\n\n\ndef name():\n    return named()\n",
        helper="from pack.deeper import word\n\n\ndef named():\n    return word\n",
        deeper="word = 'deep'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy"}
    assert "import" not in codes["pack.lazy"]


def test_join_module_with_two_importers_stays(joined):
    lazy = "from pack.helper import word\n\n\ndef name():\n    return word\n"
    codes = joined(
        "from pack.a import open_it, other\nresult = open_it(), other()\n",
        ("deep", "deep"),
        a=IMPORTER + IMPORTER.replace("open_it", "other").replace("lazy", "late"),
        lazy=lazy,
        late=lazy,
        helper="word = 'deep'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy", "pack.late", "pack.helper"}


def test_join_module_goes_where_all_its_importers_went(joined):
    codes = joined(
        "from pack.a import open_it\nresult = open_it()\n",
        "deepdeep",
        a=IMPORTER,
        lazy="from pack import b\nfrom pack.helper import word\n\n\n"
        "def name():\n    return word + b.word\n",
        b="from pack.helper import word as old\n\nword = old\n",
        helper="word = 'deep'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy"}


def test_join_module_that_is_also_imported_later_stays(joined):
    codes = joined(
        "from pack.a import open_it, later\nresult = open_it(), later()\n",
        ("deep", "deep"),
        a=IMPORTER + "\n\ndef later():\n    from pack.helper import word\n    return word\n",
        lazy="from pack.helper import word\n\n\ndef name():\n    return word\n",
        helper="word = 'deep'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.lazy", "pack.helper"}


def test_join_what_a_module_needs_at_import_time_comes_before_it(joined):
    codes = joined(
        "from pack.a import total\nfrom pack.d import base\nresult = total, base\n",
        (30, 4),
        a="from pack.b import double\nfrom pack.c import start\n\ntotal = double(start) + start\n",
        b="from pack.d import base\n\n_FACTOR = base // 2\n\n\n"
        "def double(value):\n    return value * _FACTOR\n",
        c="from pack import d\n\nstart = d.base + 6\n",
        d="base = 4\n",
    )
    assert codes.keys() == {"main", RESIDENT}


def test_join_docstrings_go_and_imports_stand_there_once(joined):
    codes = joined(
        '"""Main."""\nfrom pack.a import first\nfrom pack.b import second\n'
        "result = first(), second()\n",
        ("[1]", "[2]"),
        a='"""The first."""\n\nimport json\nfrom os import path\n\n\n'
        "def first():\n    return json.dumps([1])\n",
        b='"""The second."""\n\nimport json\nfrom os import path\n\n\n'
        "def second():\n    return json.dumps([2])\n",
    )
    assert codes[RESIDENT].count("import json") == 1
    assert codes[RESIDENT].count("from os import path") == 1
    assert "The first" not in codes[RESIDENT]
    assert "The second" not in codes[RESIDENT]


def test_join_classes_and_their_bodies(joined):
    codes = joined(
        "from pack.b import Child, Third\nresult = Child(), Third\n"
        "result = result[0].told(), Child.limit, Child.doubled, Third().told()\n",
        ((3, 5, 6), 5, [0, 2], (3, 5, 7)),
        a="limit = 3\n\n\ndef marked(function):\n    return function\n\n\n"
        "class Base:\n    limit = 5\n\n    def told(self):\n        return limit, self.limit\n",
        b="from pack import a\nfrom pack.a import Base, marked, limit as most\n\n\n"
        "class Child(Base):\n    last = most + a.limit\n"
        "    doubled = [most * 2 - 6 + 2 * n for n in range(2)]\n\n"
        "    @marked\n    def told(self, more=most):\n"
        "        return super().told() + (self.last if more == 3 else 0,)\n\n\n"
        "class Third(a.Base):\n    @a.marked\n    def told(self):\n"
        "        return super().told() + (7,)\n",
    )
    assert "told" in codes[RESIDENT]  # tools/members.py shortens those


def test_join_decorators_defaults_and_comprehensions_mean_what_they_did(joined):
    joined(
        "from pack.b import call, pairs, key\nresult = call(), pairs, key(2)\n",
        ([3, 3], {1: [0], 2: [0, 1]}, 5),
        a="value = 3\n\n\ndef twice(function):\n    return lambda: [function(), function()]\n",
        b="from pack.a import twice, value\n\n\n"
        "@twice\ndef call(given=value):\n    return given\n\n\n"
        "pairs = {value: [twice for twice in range(value)] for value in (1, 2)}\n"
        "key = lambda twice, more=value: twice + more\n",
    )


def test_join_exceptions_keep_their_names(joined):
    codes = joined(
        "from pack.b import fail\nfrom pack.errors import MailError\n\n"
        "try:\n    fail()\nexcept MailError as error:\n"
        "    result = type(error).__name__, str(error)\n",
        ("TlsError", "why"),
        errors="class MailError(Exception):\n    pass\n\n\nclass TlsError(MailError):\n    pass\n",
        b="from pack import errors\nfrom pack.errors import TlsError as Refused\n\n\n"
        "def fail():\n    try:\n        raise Refused('why')\n"
        "    except errors.MailError as error:\n        raise error\n",
    )
    assert "class TlsError(MailError)" in codes[RESIDENT]


def test_join_exceptions_of_one_name_do_not_meet(joined):
    joined(
        "from pack.a import PackError as A\nfrom pack.b import PackError as B\n"
        "result = A is B, issubclass(A, OSError), issubclass(B, OSError)\n",
        (False, True, False),
        a="class PackError(OSError):\n    pass\n",
        b="class PackError(Exception):\n    pass\n",
    )


def test_join_exception_called_as_one_of_python_is_not_that_one(joined):
    joined(
        "from pack.a import TimeoutError as Ours\nfrom pack.b import theirs\n"
        "result = issubclass(Ours, OSError), issubclass(theirs, OSError)\n",
        (False, True),
        a="class TimeoutError(Exception):\n    pass\n",
        b="theirs = TimeoutError\n",
    )


def test_join_names_that_are_looked_up_by_a_string_stay(joined):
    codes = joined(
        "from pack.a import call\nresult = call('ask'), call('tell')\n",
        (1, 2),
        a="def call(name):\n    from pack import calls\n    return getattr(calls, name)()\n",
        calls="def ask():\n    return 1\n\n\ndef helper():\n    return 2\n\n\n"
        "def tell():\n    return helper()\n",
    )
    assert "def ask" in codes["pack.calls"]
    assert "def tell" in codes["pack.calls"]
    assert "helper" not in codes["pack.calls"]


def test_join_attributes_of_a_module_that_is_handed_on_stay(joined):
    codes = joined(
        "from pack.a import call\nresult = call(), call()\n",
        (1, 1),
        a="def call():\n    from pack import calls\n    return _asked(calls)\n\n\n"
        "def _asked(module):\n    return module.ask()\n",
        calls="def ask():\n    return helper()\n\n\ndef helper():\n    return 1\n",
    )
    assert "def ask" in codes["pack.calls"]
    assert "def helper" not in codes["pack.calls"]


def test_join_roots_stay_as_they_are(joined):
    main = """\
from pack.a import value as told

if told:
    from pack.first import name
else:
    from pack.second import name


def words(told):
    from pack import a
    from pack.first import more
    return told, a.value, more, name


result = words(2), told
"""
    codes = joined(
        main,
        ((2, 1, 5, "first"), 1),
        a="value = 1\n",
        first="name = 'first'\nmore = 5\n",
        second="name = 'second'\n",
    )
    assert codes.keys() == {"main", RESIDENT, "pack.first", "pack.second"}
    names = {node.id for node in ast.walk(ast.parse(codes["main"])) if isinstance(node, ast.Name)}
    assert names == {"told", "name", "a", "more", "words", "result"}


def test_join_empty_modules_vanish_and_packages_imported_whole_stay(joined):
    codes = joined(
        "import pack\nfrom pack.a import value\nresult = pack.__name__, value\n",
        ("pack", (1, 3)),
        pack="VERSION = 3\n",
        a="import pack\nfrom pack.errors import ONE\n\nvalue = ONE, pack.VERSION\n",
        errors="ONE = 1\n",
        empty='"""Nothing."""\n',
    )
    assert codes.keys() == {"main", RESIDENT, "pack"}


def test_join_empty_package_that_is_imported_whole_stays():
    sources = {"main": "import pack.web\nfrom pack.a import b\n", "pack.a": "b = 1\n"}
    codes = join({**sources, "pack.web": "", "pack.web.page": ""}, ["main"], RESIDENT)
    assert codes.keys() == {"main", RESIDENT, "pack.web"}
