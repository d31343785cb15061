"""service/overlay.py: what is imported inside a block is gone after it, unless it is kept."""

import sys

import mfpmail.core
from mfpmail.service.overlay import Overlays

NAME = "mfpmail.core.datetimes"
OTHER = "mfpmail.core.mediatypes"


class Unloaded:
    """Two modules are not loaded inside this block, whatever was before it; as before after it."""

    def __enter__(self):
        self.before = {}
        for name in (NAME, OTHER):
            self.before[name] = sys.modules.pop(name, None)

    def __exit__(self, *_):
        for name, module in self.before.items():
            sys.modules.pop(name, None)
            if module:
                sys.modules[name] = module
                setattr(mfpmail.core, name.rpartition(".")[2], module)


def use():
    from mfpmail.core.datetimes import format_iso

    return format_iso


def use_other():
    from mfpmail.core.mediatypes import guess_type

    return guess_type


def test_block_end_drops_what_was_imported_inside():
    with Unloaded():
        with Overlays(False):
            kept = use()
            assert NAME in sys.modules
        assert NAME not in sys.modules
        assert not hasattr(mfpmail.core, "datetimes")
        assert kept(0) == "1970-01-01T00:00:00Z"


def test_block_leaves_what_was_there_before_and_what_is_not_ours():
    with Unloaded():
        use()
        module = sys.modules[NAME]
        before = set(sys.modules)
        with Overlays(False):
            use()
            use_other()
            sys.modules["foreign"] = module
        assert sys.modules[NAME] is module
        assert OTHER not in sys.modules
        assert sys.modules.pop("foreign") is module
        assert before <= set(sys.modules)


def test_nested_block_drops_its_own_and_leaves_what_the_outer_one_uses():
    with Unloaded():
        overlays = Overlays(False)
        with overlays:
            use_other()
            with overlays:
                use()
                use_other()
            assert NAME not in sys.modules
            assert OTHER in sys.modules
        assert OTHER not in sys.modules


def test_blocks_of_two_tasks_that_overlap_leave_nothing_in_the_end():
    with Unloaded():
        overlays = Overlays(False)
        overlays.__enter__()
        use()
        overlays.__enter__()
        use_other()
        overlays.__exit__(None, None, None)
        overlays.__exit__(None, None, None)
        assert NAME not in sys.modules
        assert OTHER not in sys.modules


def test_block_that_raises_drops_as_well():
    with Unloaded():
        overlays = Overlays(False)
        try:
            with overlays:
                use()
                raise ValueError("inside")
        except ValueError:
            pass
        assert NAME not in sys.modules
        with overlays:
            use()
        assert NAME not in sys.modules


def test_block_can_be_entered_again_and_loads_again():
    with Unloaded():
        overlays = Overlays(False)
        for _ in range(3):
            with overlays:
                assert use()(0).startswith("1970")
            assert NAME not in sys.modules


def test_keep_leaves_everything_loaded():
    with Unloaded():
        with Overlays(True):
            use()
        assert NAME in sys.modules
