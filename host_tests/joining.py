"""Joins the modules of a small package and runs them, before and after."""

import importlib
import sys

from join import join

RESIDENT = "pack.resident"


def run(folder, sources):
    """Write these modules into a folder and return what `main` calls `result` there."""
    packages = {name.rpartition(".")[0] for name in sources}
    for name, source in sources.items():
        path = folder.joinpath(*name.split("."))
        path = path / "__init__.py" if name in packages else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module("main").result
    finally:
        sys.path.remove(str(folder))
        for name in [n for n in sys.modules if n == "main" or n.partition(".")[0] == "pack"]:
            del sys.modules[name]


def join_pack(main, modules):
    """Return the sources before and after; `modules` are those of the package `pack`."""
    sources = {"pack." + name: source for name, source in modules.items()}
    sources["main"] = main
    if "pack.pack" in sources:  # the package itself
        sources["pack"] = sources.pop("pack.pack")
    return sources, join(sources, ["main"], RESIDENT)


def joined_in(folder):
    """Return a function that joins modules and returns the sources; both do the same there."""

    def check(main, expected, **modules):
        before, after = join_pack(main, modules)
        assert run(folder / "before", before) == expected
        assert run(folder / "after", after) == expected, after
        return after

    return check
