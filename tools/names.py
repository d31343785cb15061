"""Tells what the names in a module refer to, for the steps of the build that change them."""

import ast

_LOOKUPS = ("getattr", "hasattr", "setattr", "delattr")


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

    `tree` is the parsed `source`, `targets` is `{node: (module, name)}` of what is read in it,
    `written` are the nodes that bind a name of the module, `bound_once` are the names that only
    one of them binds, `imports` the Bindings of what it imports from modules. Sets: `stored`, the
    targets that are set from outside; `reached`, those that another module provides; `opaque`, the
    modules that are handed on as objects; `loose`, the attributes of what is unknown, and the
    names that are looked up by string; `mixed`, the names that may mean one thing or another.
    """

    def __init__(self, name, source, known):
        self.name = name
        self.targets = {}
        self.written, self.mixed = [], set()
        self.stored, self.reached, self.opaque, self.loose = set(), set(), set(), set()
        self.source = source
        self._known = known
        self._reads = []
        self.imports = []
        self.tree = ast.parse(source, name or "<string>")
        self._top = self._scope = Scope()
        self.visit(self.tree)
        for scope, node, outer in self._reads:
            self._resolve(scope.bindings(node.id), node, outer)
        once = (node for node in self.written if len(self._top.bound[name_of(node)]) == 1)
        self.bound_once = {name_of(node) for node in once}

    def _resolve(self, bindings, node, outer):
        """Note what a name that is read refers to; `outer` is the attribute taken of it, if any."""
        targets, name = {binding.target for binding in bindings}, node.id
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
        if targets and any(binding.target for binding in bindings):
            self.mixed.add(name)
        for binding in bindings:
            binding.reads.append(target)
            if binding.target and node not in self.targets:  # it may be meant, as a whole
                self.reached.add(binding.target)
                self.opaque.update([binding.target[0]] if not binding.target[1] else [])

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self._reads.append((self._scope, node, None))
        else:
            self._define(node, node.id)

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
            self.imports.append(Binding(target, node, alias))
            self._scope.bind(alias.asname or alias.name, self.imports[-1])

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

    def _define(self, node, name):
        """Bind a name that has a meaning of its own; at the top level it is the module's."""
        is_ours = self._scope is self._top
        self._scope.bind(name, Binding((self.name, name) if is_ours else None))
        self.written += [node] * is_ours

    def visit_ClassDef(self, node):
        self._define(node, node.name)
        self._visit_all(node.decorator_list + node.bases + node.keywords)
        self._visit_inside(node.body, Scope(self._scope, is_class=True))

    def visit_FunctionDef(self, node):
        """Decorators and defaults belong to the scope around the function."""
        if not isinstance(node, ast.Lambda):
            self._define(node, node.name)
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


def name_of(node):
    """Return the name that a node of `Module.written` binds."""
    return node.id if isinstance(node, ast.Name) else node.name
