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

_UPPER_CASE = re.compile(r"_?[A-Z][A-Z0-9_]*$")
_INTERNED_BYTES = 10  # up to here mpy-cross interns a string: all its copies cost one
_TYPES = (int, float, str, bytes, bool, type(None))
_LOOKUPS = ("getattr", "hasattr", "setattr", "delattr")
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
    modules = [module.with_values(chosen, needed) for module in modules]
    gone = constants.values.keys() - constants.named_elsewhere(modules + others)
    return {module.name: module.without(gone) for module in modules}


def replace(source, changes):
    """Return the source with each `(node, text)` of `changes` carried out.

    A line break in `text` stands for all that the node had.
    """
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, text in sorted(changes, key=lambda c: (c[0].lineno, c[0].col_offset), reverse=True):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        breaks = "\n" * (node.end_lineno - node.lineno)
        data = data[:first] + text.replace("\n", breaks).encode() + data[last:]
    return data.decode()


class Binding:
    """What gives a name its meaning.

    `target` is `(module, name)`, `(module, None)` for a whole module, None for anything else.
    `statement` and `alias` are the nodes of an import. `reads` collects the targets of what is
    read through it; `rivals` are all bindings of its name in the same scope.
    """

    def __init__(self, target=None, statement=None, alias=None):
        self.target = target
        self.statement = statement
        self.alias = alias
        self.reads = []
        self.rivals = []


class Scope:
    """A module, class, function or comprehension: `bound` is `{name: [Binding, ...]}`."""

    def __init__(self, parent=None, is_class=False):
        # The names of a class are not seen by what stands inside it.
        self.parent = parent.parent if parent and parent.is_class else parent
        self.is_class = is_class
        self.bound = {}

    def bind(self, name, binding):
        binding.rivals = self.bound.setdefault(name, [])
        binding.rivals.append(binding)

    def rebind(self, name):
        """Take any meaning from the name, here and all around."""
        self.bind(name, Binding())
        if self.parent:
            self.parent.rebind(name)

    def bindings(self, name):
        """Return what the name may refer to when it is read here."""
        found = self.bound.get(name, [])
        if self.parent and (self.is_class or not found):
            found = found + self.parent.bindings(name)  # a class sees both, one after the other
        return found


class Module(ast.NodeVisitor):
    """What the names in one source refer to.

    `targets` is `{node: (module, name)}` of what is read, `definitions` is `{name: statement}` of
    what may be constants. Sets: `stored`, the targets that are set from outside; `reached`, those
    that another module provides; `opaque`, the modules that are handed on as objects; `loose`, the
    attributes of what is unknown, and the names that are looked up by string.
    """

    def __init__(self, name, source, known):
        self.name = name
        self.targets = {}
        self.stored, self.reached, self.opaque, self.loose = set(), set(), set(), set()
        self._source = source
        self._known = known
        self._reads = []
        self._imports = []
        tree = ast.parse(source, name or "<string>")
        self._top = self._scope = Scope()
        self.visit(tree)
        for scope, node, outer in self._reads:
            self._resolve(scope.bindings(node.id), node, outer)
        found = _definitions_in(tree)
        self.definitions = {n: node for n, node in found if len(self._top.bound[n]) == 1}

    def with_values(self, chosen, needed):
        """Return this Module with the values of `chosen`, `{target: value}`, in place."""
        # The brackets keep `-1` and `5 .x` together, and what stood on several lines.
        uses = [(node, target) for node, target in self.targets.items() if target in chosen]
        changes = [(node, "(%r\n)" % (chosen[target],)) for node, target in uses]
        gone = {b.alias for b in self._imports if self._is_superfluous(b, chosen, needed)}
        statements = {b.statement for b in self._imports if b.alias in gone}
        changes += [(statement, _import_without(statement, gone)) for statement in statements]
        return Module(self.name, replace(self._source, changes), self._known)

    def without(self, unwanted):
        """Return the source without those constants that are not read here either."""
        unread = unwanted - set(self.targets.values())
        gone = [name for module, name in unread if module == self.name]
        return replace(self._source, [(self.definitions[name], "pass\n") for name in gone])

    def _is_superfluous(self, binding, chosen, needed):
        name = binding.alias.asname or binding.alias.name
        if not binding.reads or (self.name, name) in needed:
            return False
        reads = [target for rival in binding.rivals for target in rival.reads]
        alike = all(rival.target == binding.target for rival in binding.rivals)
        return alike and all(target in chosen for target in reads)

    def _resolve(self, bindings, node, outer):
        """Note what a name that is read refers to; `outer` is the attribute taken of it, if any."""
        targets = {binding.target for binding in bindings}
        target = targets.pop() if len(targets) == 1 else None
        if target and target[1] is None and outer:
            node, target = outer, (target[0], outer.attr)
            self.reached.add(target)
            if not isinstance(outer.ctx, ast.Load):
                self.stored.add(target)
        elif outer:
            self.loose.add(outer.attr)
        if target and target[1]:
            self.targets[node] = target
        for binding in bindings:
            binding.reads.append(target)
            if binding.target and node not in self.targets:  # it may be meant, as a whole
                self.reached.add(binding.target)
                self.opaque.update([binding.target[0]] if not binding.target[1] else [])

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self._reads.append((self._scope, node, None))
        else:
            target = (self.name, node.id) if self._scope is self._top else None
            self._scope.bind(node.id, Binding(target))

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name):
            self._reads.append((self._scope, node.value, node))
        else:
            self.loose.add(node.attr)
            self.visit(node.value)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id in _LOOKUPS:
            self.loose.update(a.value for a in node.args if isinstance(a, ast.Constant))
        self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            self.opaque.add(alias.name)
            self._scope.bind(alias.asname or alias.name.split(".")[0], Binding())

    def visit_ImportFrom(self, node):
        for alias in node.names:
            if alias.name == "*" or node.level:
                self._refuse(node, "import * and relative imports")
            whole = "%s.%s" % (node.module, alias.name)
            target = (whole, None) if whole in self._known else (node.module, alias.name)
            self.reached.add(target)
            self._imports.append(Binding(target, node, alias))
            self._scope.bind(alias.asname or alias.name, self._imports[-1])

    def visit_JoinedStr(self, node):
        if self.name:  # what stands inside has no position before Python 3.12
            self._refuse(node, "f-strings")
        self.generic_visit(node)

    def _refuse(self, node, what):
        raise ValueError("%s, line %d: %s are not read" % (self.name, node.lineno, what))

    def visit_ExceptHandler(self, node):
        if node.name:
            self._scope.bind(node.name, Binding())
        self.generic_visit(node)

    def visit_Global(self, node):
        for name in node.names:
            self._scope.rebind(name)

    visit_Nonlocal = visit_Global  # noqa: N815

    def visit_NamedExpr(self, node):
        self._scope.rebind(node.target.id)
        self.visit(node.value)

    def visit_ClassDef(self, node):
        self._scope.bind(node.name, Binding())
        self._visit_all(node.decorator_list + node.bases + node.keywords)
        self._visit_inside(node.body, Scope(self._scope, is_class=True))

    def visit_FunctionDef(self, node):
        """Decorators and defaults belong to the scope around the function."""
        if not isinstance(node, ast.Lambda):
            self._scope.bind(node.name, Binding())
            self._visit_all(node.decorator_list)
        self._visit_all(node.args.defaults + node.args.kw_defaults)
        given, inner = node.args, Scope(self._scope)
        every = given.posonlyargs + given.args + given.kwonlyargs + [given.vararg, given.kwarg]
        for argument in filter(None, every):
            inner.bind(argument.arg, Binding())
        self._visit_inside(node.body if isinstance(node.body, list) else [node.body], inner)

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # noqa: N815

    def visit_ListComp(self, node):
        """The first iterable belongs to the scope around the comprehension."""
        loops = node.generators
        self.visit(loops[0].iter)
        inside = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        inside += [part for loop in loops for part in (loop.target, *loop.ifs)]
        inside += [loop.iter for loop in loops[1:]]
        self._visit_inside(inside, Scope(self._scope))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def _visit_inside(self, nodes, scope):
        around, self._scope = self._scope, scope
        self._visit_all(nodes)
        self._scope = around

    def _visit_all(self, nodes):
        for node in filter(None, nodes):
            self.visit(node)


def _definitions_in(tree):
    """Yield `(name, statement)` of what is defined as a constant is."""
    for node in tree.body:
        target = node.targets[-1] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and _UPPER_CASE.match(target.id) and not node.targets[1:]:
            yield target.id, node


def _import_without(statement, gone):
    """Return an import statement without some of its names, `pass` when none is left."""
    left = ", ".join(ast.unparse(alias) for alias in statement.names if alias not in gone)
    return "from %s import %s\n" % (statement.module, left) if left else "pass\n"


class Constants:
    """The constants of these modules: `values` is `{(module, name): value}`."""

    def __init__(self, modules, others):
        self.values = {}
        defined = {(m.name, name): m for m in modules for name in m.definitions}
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
            module = self._open.pop(target)
            self.values[target] = self._evaluate(module, module.definitions[target[1]].value)
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
