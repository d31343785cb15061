"""Puts constants where they are used, at build time, as each costs RAM on the device for ever.

`TRANSIENT = "transient"` takes a name, a place in the dict of its module, and a place more in each
module that imports it. `inline` writes the value where the name is read, and leaves out the imports
and the definitions that nobody needs any more. Lines stay where they are, so tracebacks stay true.

A constant is an upper-case name at the top level of a module that is bound once: to a number, a
string, bytes, True, False or None, or to a sum, product, shift … of those and of other constants.
"""

import ast
import operator
import re

from names import Module, replace

_UPPER_CASE = re.compile(r"_?[A-Z][A-Z0-9_]*$")
_INTERNED_BYTES = 10  # up to here mpy-cross interns a string: all its copies cost one
_TYPES = (int, float, str, bytes, bool, type(None))
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.USub: operator.neg,
}


def inline(sources, others=()):
    """Return `sources`, `{"package.module": source}`, with their constants written out.

    `others` are sources that use these modules and stay as they are: what they name keeps its
    definition. Raises ValueError for what cannot be read reliably: f-strings, `import *` and
    relative imports.
    """
    others = [Module("", source, sources) for source in others]
    modules = [Module(name, source, sources) for name, source in sources.items()]
    constants = Constants(modules, others)
    chosen = constants.worth_copying(modules)
    needed = constants.named_elsewhere(modules + others)
    sources = {module.name: _with_values(module, chosen, needed) for module in modules}
    modules = [Module(name, source, sources) for name, source in sources.items()]
    gone = constants.values.keys() - constants.named_elsewhere(modules + others)
    return {module.name: _without(module, gone) for module in modules}


def _with_values(module, chosen, needed):
    """Return the source with the values of `chosen`, `{target: value}`, in place."""
    # The brackets keep `-1` and `5 .x` together, and what stood on several lines.
    uses = [(node, target) for node, target in module.targets.items() if target in chosen]
    changes = [(node, "(%r\n)" % (chosen[target],)) for node, target in uses]
    gone = {b.alias for b in module.imports if _is_superfluous(module, b, chosen, needed)}
    statements = {b.statement for b in module.imports if b.alias in gone}
    changes += [(statement, _import_without(statement, gone)) for statement in statements]
    return replace(module.source, changes)


def _is_superfluous(module, binding, chosen, needed):
    name = binding.alias.asname or binding.alias.name
    if not binding.reads or (module.name, name) in needed:
        return False
    reads = [target for rival in binding.rivals for target in rival.reads]
    alike = all(rival.target == binding.target for rival in binding.rivals)
    return alike and all(target in chosen for target in reads)


def _import_without(statement, gone):
    """Return an import statement without some of its names, `pass` when none is left."""
    left = ", ".join(ast.unparse(alias) for alias in statement.names if alias not in gone)
    return "from %s import %s\n" % (statement.module, left) if left else "pass\n"


def _without(module, unwanted):
    """Return the source without those constants that are not read here either."""
    unread = unwanted - set(module.targets.values())
    statements = _definitions_in(module)
    gone = [statements[name] for place, name in unread if place == module.name]
    return replace(module.source, [(statement, "pass\n") for statement in gone])


def _definitions_in(module):
    """Return `{name: statement}` of what is defined as a constant is."""
    found = {}
    for node in module.tree.body:
        target = node.targets[-1] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and _UPPER_CASE.match(target.id) and not node.targets[1:]:
            found[target.id] = node
    return {name: node for name, node in found.items() if name in module.bound_once}


class Constants:
    """The constants of these modules: `values` is `{(module, name): value}`."""

    def __init__(self, modules, others):
        self.values = {}
        self._modules = {module.name: module for module in modules}
        defined = {
            (m.name, name): node for m in modules for name, node in _definitions_in(m).items()
        }
        stored = set().union(*(module.stored for module in modules + others))
        self._open = {target: defined[target] for target in defined if target not in stored}
        for target in defined:
            try:
                self._value_of(target)
            except LookupError:  # its value is no constant
                pass

    def worth_copying(self, modules):
        """Return `{target: value}` of what takes less RAM where it is read than where it is kept.

        What mpy-cross does not intern is an object wherever it is read, so it is moved at most.
        """
        reads = [target for module in modules for target in module.targets.values()]
        return {
            target: value
            for target, value in self.values.items()
            if _is_cheap(value) or reads.count(target) == 1
        }

    def named_elsewhere(self, modules):
        """Return the targets that these modules name as another's, or may name."""
        reached, opaque, loose = (
            set().union(*(getattr(module, kind) for module in modules))
            for kind in ("reached", "opaque", "loose")
        )
        by_object = {t for t in self.values if t[0] in opaque and not t[1].startswith("_")}
        return reached | by_object | {t for t in self.values if t[1] in loose}

    def _value_of(self, target):
        """Return a constant's value. Raises LookupError when it has none, or refers to itself."""
        if target not in self.values:
            node = self._open.pop(target)
            self.values[target] = self._evaluate(self._modules[target[0]], node.value)
        return self.values[target]

    def _evaluate(self, module, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, _TYPES):
            return node.value
        if isinstance(node, ast.UnaryOp):
            return _OPERATORS[type(node.op)](self._evaluate(module, node.operand))
        if isinstance(node, ast.BinOp):
            sides = self._evaluate(module, node.left), self._evaluate(module, node.right)
            if any(isinstance(side, str | bytes) for side in sides):
                return {ast.Add: operator.add}[type(node.op)](*sides)
            return _OPERATORS[type(node.op)](*sides)
        return self._value_of(module.targets[node])


def _is_cheap(value):
    if isinstance(value, str):
        return len(value.encode()) <= _INTERNED_BYTES
    return value is None or isinstance(value, int)
