"""tools/join.py: what cannot be joined is refused."""

import pytest
from joining import join_pack, joined_in

IMPORTER = "def open_it():\n    from pack.lazy import name\n    return name()\n"


@pytest.fixture
def joined(tmp_path):
    return joined_in(tmp_path)


def refusal(main="from pack import a\n", **modules):
    with pytest.raises(ValueError, match=r".") as caught:
        join_pack(main, modules)
    return str(caught.value)


def test_join_modules_that_import_each_other_are_refused():
    told = refusal(a="from pack import b\nx = 1\n", b="from pack.a import x\n")
    assert "import each other" in told
    told = refusal(
        "import pack.a\nimport pack.b\nfrom pack import a\n",
        a="from pack import b\nx = 1\n",
        b="from pack.a import x\n",
    )
    assert "import each other" in told


@pytest.mark.parametrize(
    "line", ["print(a)", "x = [a]", "getattr(a, 'x')", "def f(m=a):\n    pass"]
)
def test_join_module_that_would_move_and_is_handed_on_is_refused(line):
    assert "as an object" in refusal(
        "from pack import b\n", a="x = 1\n", b="from pack import a\n" + line
    )


@pytest.mark.parametrize("line", ["a.x = 2", "a.x += 2", "del a.x", "def f():\n    a.x = 2"])
def test_join_module_that_is_changed_from_outside_is_refused(line):
    told = refusal("from pack import b\n", a="x = 1\n", b="from pack import a\n" + line)
    assert "as an object" in told


def test_join_global_in_a_module_that_would_move_is_refused(joined):
    module = "count = 0\n\n\ndef add():\n    global count\n    count += 1\n    return count\n"
    assert "global" in refusal(a=module)
    joined(
        "from pack.b import add\nresult = add(), add()\n",
        (1, 2),
        b="def add():\n    from pack import a\n    return a.add()\n",
        a=module,
    )


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from pack.b import f\nexcept ImportError:\n    f = None\nprint(f)\n",
        "try:\n    from pack.b import f\nexcept ImportError:\n    f = None\n",
        "from pack.b import f\nf = f(f)\n",
        "import os\n\nos = os.path\n",
        "from pack.b import f\n\n\nclass A:\n    f = f\n",
        "f = 1\n\n\nclass A:\n    f = f\n",
        "f = 1\nf = 2\n",
    ],
)
def test_join_name_that_means_two_things_in_a_module_that_would_move_is_refused(source):
    assert "bound twice" in refusal(a=source, b="def f(x):\n    return x\n")


def test_join_name_that_means_two_things_where_another_module_goes_is_refused():
    told = refusal(
        "from pack.a import open_it\n",
        a=IMPORTER,
        lazy="from pack.b import name\n\nname = [name]\n",
        b="name = 1\n",
    )
    assert "bound twice" in told


def test_join_name_that_another_module_only_imports_is_refused():
    told = refusal("from pack.a import f\n", a="from pack.b import f\n", b="f = 1\n")
    assert "pack.a has no f of its own" in told
    told = refusal("from pack import b\n", a="x = 1\n", b="from pack import a\nprint(a.__name__)\n")
    assert "pack.a has no __name__ of its own" in told


def test_join_imports_that_call_two_things_the_same_are_refused():
    told = refusal("from pack import a, b\n", a="from os import path\n", b="from sys import path\n")
    assert "path" in told


def test_join_import_that_hides_a_name_of_python_from_another_module_is_refused():
    told = refusal("from pack import a, b\n", a="from io import open\n", b="x = open\n")
    assert "open" in told
