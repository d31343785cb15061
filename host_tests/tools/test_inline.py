"""tools/inline.py: constants are written where they are read, and nothing else changes."""

import subprocess
import sys
from pathlib import Path

import pytest
from inline import inline

import tree

ERRORS = """\
TRANSIENT = "transient"  # try again
LIMIT = 1 << 4
_STEP = LIMIT + 2


def steps():
    return LIMIT // _STEP
"""


def inlined(user, others=(), **modules):
    """Return the code of a module `user` and of the others after the build step."""
    sources = {"pack.errors": ERRORS, "pack.user": user}
    sources.update({"pack." + name: source for name, source in modules.items()})
    return {name[5:]: code for name, code in inline(sources, others).items()}


def value_of(code, name="result"):
    """Run a module that needs no import any more; return what it calls `result`."""
    names = {}
    exec(code, names)
    return names[name]


def test_imported_name_becomes_its_value():
    codes = inlined("from pack.errors import TRANSIENT\nresult = TRANSIENT + '!'\n")
    assert codes["user"] == "pass\nresult = ('transient') + '!'\n"
    assert "TRANSIENT" not in codes["errors"]


def test_attribute_of_an_imported_module_becomes_its_value():
    codes = inlined("from pack import errors\nresult = [errors.LIMIT, errors.TRANSIENT]\n")
    assert codes["user"] == "pass\nresult = [(16), ('transient')]\n"


def test_names_inside_the_defining_module_become_values():
    code = inlined("")["errors"]
    assert value_of(code, "steps")() == 0
    assert "LIMIT" not in code
    assert "_STEP" not in code


def test_other_names_of_the_import_stay():
    codes = inlined("from pack.errors import LIMIT, steps as count\nresult = count() + LIMIT\n")
    assert codes["user"] == "from pack.errors import steps as count\nresult = count() + (16)\n"


def test_module_that_is_used_otherwise_stays_imported():
    codes = inlined("from pack import errors\nresult = errors.steps() + errors.LIMIT\n")
    assert codes["user"] == "from pack import errors\nresult = errors.steps() + (16)\n"


def test_renamed_imports_are_followed():
    user = "from pack import errors as e\nfrom pack.errors import LIMIT as most\n"
    assert inlined(user + "result = e.LIMIT + most\n")["user"].endswith("result = (16) + (16)\n")


def test_imports_inside_functions_leave_a_body():
    codes = inlined(
        "def f():\n    from pack.errors import LIMIT\n    return LIMIT\n\n\n"
        "def g(limited):\n    if limited:\n        from pack import errors\n"
        "    return errors.LIMIT\n\n\nresult = f() + g(True)\n"
    )
    assert "import" not in codes["user"]
    assert value_of(codes["user"]) == 32


def test_import_for_nothing_stays():
    user = "from pack import errors\n"
    assert inlined(user)["user"] == user


def test_lines_stay_where_they_are():
    user = (
        "from pack.errors import (\n    LIMIT,\n    TRANSIENT,\n)\n\n"
        "def f():\n    return (\n        LIMIT,\n        TRANSIENT,\n    )\n\n\nresult = f()\n"
    )
    codes = inlined(user)
    assert codes["user"].count("\n") == user.count("\n")
    assert codes["user"].splitlines()[5] == "def f():"
    assert codes["errors"].count("\n") == ERRORS.count("\n")
    assert value_of(codes["user"]) == (16, "transient")


def test_letters_beyond_ascii_before_a_name_do_no_harm():
    user = 'from pack.errors import LIMIT\nresult = ("σφάλμα", LIMIT)  # größer\n'
    assert value_of(inlined(user)["user"]) == ("σφάλμα", 16)


def test_values_of_all_kinds():
    user = (
        "A = -3\nB = b'\\x00'\nC = None\nD = True\nE = 'a' + 'b'\nF = 2 * A - 1\nG = 0.25\n"
        "H = 'line\\n'\nresult = [A ** 2, B, C, D, E, F, G, A.bit_length(), H]\n"
    )
    code = inlined(user)["user"]
    assert value_of(code) == [9, b"\x00", None, True, "ab", -7, 0.25, 2, "line\n"]
    assert code.splitlines()[:8] == ["pass"] * 8


@pytest.mark.parametrize(
    "definition",
    [
        "X = (1, 2)",
        "X = {}",
        "X = int('1')",
        "X = 1\nX = 2",
        "X = 1\nX += 1",
        "X = 1\ndel X\nX = 3",
        "if True:\n    X = 1",
        "X = Y = 1",
        "X, Y = 1, 2",
        "for X in (1, 2):\n    pass",
        "X = 1\ndef f():\n    global X\n    X = 2\nf()",
        "try:\n    X = 1\nexcept ValueError as X:\n    pass",
        "limit = 1\nX = limit",
        "X = 'a' * 3",
        "X = 7 / 2",
    ],
)
def test_what_is_no_constant_stays(definition):
    source = definition + "\nresult = X\n"
    assert inlined(source)["user"] == source


def test_lower_case_names_stay():
    source = "limit = 3\nresult = limit\n"
    assert inlined(source)["user"] == source


def test_constant_that_another_module_sets_stays():
    codes = inlined("from pack import errors\nerrors.LIMIT = 3\nresult = errors.LIMIT\n")
    assert "LIMIT = 1 << 4" in codes["errors"]
    assert "result = errors.LIMIT" in codes["user"]


def test_constant_that_refers_to_itself_stays():
    source = "X = X + 1\n"
    assert inlined(source)["user"] == source


SHADOWED = """\
from pack.errors import LIMIT
from pack import errors


class Errors:
    LIMIT = 5


def by_parameter(LIMIT, errors):
    return LIMIT, errors.LIMIT


def by_assignment():
    LIMIT = 2
    errors = Errors()
    return LIMIT, errors.LIMIT


def by_default(given=LIMIT):
    return given


def by_keyword():
    return dict(LIMIT=LIMIT)["LIMIT"]


def by_loop():
    return [LIMIT for LIMIT in range(LIMIT)][-1], (lambda LIMIT: LIMIT)(7)


def by_nesting():
    LIMIT = 8

    def inner():
        return LIMIT

    return inner()


def from_a_class():
    class Inner:
        LIMIT = 1

        def read(self):
            return LIMIT

    return Inner().read()


def by_error():
    try:
        raise ValueError
    except ValueError as LIMIT:
        return type(LIMIT)


result = [
    by_parameter(1, Errors),
    by_assignment(),
    by_default(),
    by_keyword(),
    by_loop(),
    by_nesting(),
    from_a_class(),
    by_error(),
    errors.LIMIT,
]
"""


def test_names_that_shadow_a_constant_keep_their_meaning():
    code = inlined(SHADOWED)["user"]
    expected = [(1, 5), (2, 5), 16, 16, (15, 7), 8, 16, ValueError, 16]
    assert value_of(code) == expected
    assert "import" not in code
    assert 'dict(LIMIT=(16))["LIMIT"]' in code


def test_name_of_a_class_that_is_an_outer_one_before_stays():
    source = "from pack.errors import LIMIT\n\n\nclass A:\n    LIMIT = LIMIT\n\n\nresult = LIMIT\n"
    codes = inlined(source)
    assert codes["user"] == source.replace("result = LIMIT", "result = (16)")
    assert "LIMIT = 1 << 4" in codes["errors"]


def test_own_constant_that_a_class_may_read_keeps_its_definition():
    source = "X = 1\n\n\nclass A:\n    X = X\n"
    assert inlined(source)["user"] == source


def test_global_and_walrus_leave_imports_alone():
    for line in ("global LIMIT", "(LIMIT := 3)"):
        user = "from pack.errors import LIMIT\nresult = LIMIT\ndef f():\n    %s\n" % line
        assert inlined(user)["user"] == user


def test_definition_stays_for_sources_that_are_not_changed():
    other = "from pack.errors import TRANSIENT\nfrom pack import errors\nprint(errors.LIMIT)\n"
    codes = inlined("from pack import errors\nresult = errors.LIMIT\n", [other])
    assert 'TRANSIENT = "transient"' in codes["errors"]
    assert "LIMIT = 1 << 4" in codes["errors"]
    assert "_STEP" not in codes["errors"]
    assert codes["user"].endswith("result = (16)\n")


def test_constant_that_a_test_sets_is_read_where_it_is():
    codes = inlined(
        "from pack import errors\nresult = errors.LIMIT\n",
        ["from pack import errors\nerrors.LIMIT = 1\n"],
    )
    assert codes["user"].endswith("result = errors.LIMIT\n")


def test_definition_stays_for_a_lookup_by_name():
    codes = inlined("def f(module):\n    return getattr(module, 'LIMIT')\n")
    assert "LIMIT = 1 << 4" in codes["errors"]


def test_definitions_stay_where_a_module_is_handed_on():
    codes = inlined("from pack import errors\nresult = vars(errors)\n")
    assert "LIMIT = 1 << 4" in codes["errors"]
    assert 'TRANSIENT = "transient"' in codes["errors"]
    assert "_STEP" not in codes["errors"]


def test_definition_stays_for_an_import_of_the_whole_path():
    codes = inlined("import pack.errors\nresult = pack.errors.LIMIT\n")
    assert "LIMIT = 1 << 4" in codes["errors"]
    assert "result = pack.errors.LIMIT" in codes["user"]


def test_import_stays_for_who_takes_the_name_from_here():
    between = "from pack.errors import LIMIT\nprint(LIMIT)\n"
    codes = inlined("from pack.between import LIMIT\nresult = LIMIT\n", between=between)
    assert codes["between"] == "from pack.errors import LIMIT\nprint((16))\n"
    assert "LIMIT = 1 << 4" in codes["errors"]


def test_long_text_is_moved_but_not_copied():
    once = "_ALPHABET = 'abcdefghijkl'\n\n\ndef f():\n    return _ALPHABET\n"
    assert inlined(once)["user"].startswith("pass\n\n\n")
    twice = once + "\n\nresult = _ALPHABET\n"
    assert inlined(twice)["user"] == twice
    short = twice.replace("abcdefghijkl", "abcdefghij")
    assert inlined(short)["user"].startswith("pass\n")
    assert inlined(twice.replace("'abcdefghijkl'", "b'a'"))["user"].startswith("_ALPHABET")


def test_constant_that_nobody_reads_goes():
    assert inlined("_UNUSED = 1\n")["user"] == "pass\n"


@pytest.mark.parametrize(
    "line", ["from pack.errors import *", "from .errors import LIMIT", "result = f'{1}'"]
)
def test_what_cannot_be_read_is_refused(line):
    with pytest.raises(ValueError, match=r"pack.user, line 2: .* are not read"):
        inlined("x = 1\n" + line + "\n")


@pytest.mark.parametrize("build", [tree.build_modules, tree.build_tree])
def test_built_tree_has_no_constants_left_and_imports(build):
    folder = build() / "lib"
    paths = [path.relative_to(folder) for path in folder.rglob("*.mpy")]
    names = {str(path.with_suffix("")).replace("/", ".").replace(".__init__", "") for path in paths}
    code = "import sys\nsys.path[:] = ['', '.frozen', %r]\nfor n in %r: __import__(n)\nprint(1)"
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=1M", "-c", code % (str(folder), sorted(names))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr
    assert {"board", "microdot.microdot", "mfpmail.web"} < names
    assert not any(b"MAX_REPLY_LINES" in (folder / path).read_bytes() for path in paths)
