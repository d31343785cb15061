"""Joins modules that are always in memory together into one, and shortens what they export.

A module costs about 600 bytes of a board's RAM before it holds anything: the module itself, the
dict of its names with room to grow, three names, and a place in the dict of every module that
imports from it. So the modules that are loaded at the start are written behind one another into
one, and so is each module into the only one that imports it. Their public names become short.
"""

import ast
import symtable

from names import Module, name_of
from shorten import short_names


def join(sources, roots, resident):
    """Return `{module: source}`, with fewer modules.

    `sources` is `{"package.module": source}`. What the `roots` import at their top level goes into
    a module called `resident`; the roots stay as they are. Left alone are modules that are
    imported whole (`import package`), and what a condition imports. Raises ValueError for what
    cannot be moved: modules that import each other, that are handed on as objects or changed from
    outside, `global`, a name that is bound twice, and one that a module has only imported itself.
    """
    modules = {module: Module(module, source, sources) for module, source in sources.items()}
    for module in modules.values():
        module.mixed |= _defined_by(module) - module.bound_once
    places = Places(modules, roots, resident)
    names = _new_names(modules, places, roots)
    _check(modules, places)
    for root in roots:  # they are read by people, and keep their words
        modules[root].mixed.update(_words(modules[root].tree))
    codes = {}
    for place, members in places.members().items():
        trees = [_Rewriter(modules[m], names, places.of).visit(modules[m].tree) for m in members]
        _check_imports(place, trees)
        codes[place] = _one_source(trees)
    return {place: code for place, code in codes.items() if code.strip() or place in places.fixed}


class Places:
    """Where each module goes: `of` is `{module: module that it becomes a part of}`, `fixed` are
    those that stay what they are."""

    def __init__(self, modules, roots, resident):
        self._at_start = {m.name: _imported(m, modules, m.tree.body) for m in modules.values()}
        self._ever = {m.name: _imported(m, modules, ast.walk(m.tree)) for m in modules.values()}
        whole = [a.name for m in modules.values() for n in ast.walk(m.tree) for a in _whole(n)]
        self.fixed = {*whole, *roots}
        self.of = {name: name for name in modules}
        self._order = self._sorted()
        for root in roots:
            self._gather(root, resident)
        while any(self._follow_importer(name) for name in modules):
            pass

    def members(self):
        """Return `{place: modules}`, each behind those that it imports itself."""
        found = {}
        for name in self._order:
            found.setdefault(self.of[name], []).append(name)
        return found

    def _gather(self, name, place):
        for other in self._at_start[name]:
            if self.of[other] != place:
                self.of[other] = place if other not in self.fixed else other
                self._gather(other, place)

    def _follow_importer(self, name):
        """Move a module to the only place that imports it, if that always loads it."""
        place = self.of[name]
        importers = [m for m in self.of if place in self._ever[m] and self.of[m] != place]
        homes = {self.of[m] for m in importers}
        always = all(place in self._at_start[m] for m in importers)
        if place in self.fixed or len(homes) != 1 or homes & self.fixed or not always:
            return False
        self.of.update({n: homes.copy().pop() for n in self.of if self.of[n] == place})
        return True

    def _sorted(self):
        order, open_ones = [], []

        def add(name):
            if name in open_ones:
                raise ValueError("%s import each other" % " and ".join([*open_ones, name]))
            if name not in order:
                open_ones.append(name)
                for other in self._at_start[name]:
                    add(other)
                open_ones.pop()
                order.append(name)

        for name in self.of:
            add(name)
        return order


def _whole(node):
    return node.names if isinstance(node, ast.Import) else []


def _imported(module, modules, nodes):
    """Return the modules that `from … import` names among these nodes of one of them."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = "%s.%s" % (node.module, alias.name)
                found[whole if whole in modules else node.module] = None
    return [name for name in found if name in modules and name != module.name]


def _check(modules, places):
    moved = {name for name, place in places.of.items() if name != place}
    for module in modules.values():
        handed_on = module.opaque & moved
        changed = [target for target in module.stored if target[0] in modules]
        if handed_on or changed:
            raise ValueError("%s: %s used as an object" % (module.name, handed_on or changed))
        for name, word in module.reached:
            if name in modules and word and word not in _defined_by(modules[name]):
                raise ValueError("%s: %s has no %s of its own" % (module.name, name, word))
        if module.name in moved:
            _check_moved(module)


def _defined_by(module):
    return {name_of(node) for node in module.written}


def _check_moved(module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            raise ValueError("%s: `global` is not read" % module.name)
    if module.mixed:
        raise ValueError("%s: %s are bound twice" % (module.name, module.mixed))


def _new_names(modules, places, roots):
    """Return `{(module, name): new name}` of what the modules define: all names of those that are
    moved, what is public of the others. A new name is nobody else's, local names included, where
    it is defined and where it is imported to; elsewhere it may come again, as each costs but once.
    Exceptions keep theirs, as logs show it, and so do those that are looked up by a string, or
    taken of a module that is an object.
    """
    taken = {place: set() for place in places.of.values()}
    homes = {}  # {(module, name): places that have a name for it}
    for module in modules.values():
        taken[places.of[module.name]].update(_words(module.tree))
        for target in module.reached:
            homes.setdefault(target, {places.of.get(target[0])}).add(places.of[module.name])
    found = {target: target[1] for target in _exceptions(modules)}
    for target in _renamed(modules, places, roots):
        around = [taken[place] for place in sorted(homes.get(target, {places.of[target[0]]}))]
        found[target] = next(short_names("", set().union(*around)))
        for words in around:
            words.add(found[target])
    return found


def _renamed(modules, places, roots):
    """Yield `(module, name)` of what gets a new name."""
    said = {n.value for m in modules.values() for n in ast.walk(m.tree) if _is_text(n)}
    said.update(*(module.loose for module in modules.values()))
    objects = set().union(*(module.opaque for module in modules.values()))
    exceptions = _exceptions(modules)
    for name in sorted(modules.keys() - set(roots)):
        fixed = modules[name].mixed | (said if name in objects else set())
        for word in dict.fromkeys(map(name_of, modules[name].written)):
            is_public = len(word) > 2 and not word.startswith("_")
            keeps = word in fixed or (name, word) in exceptions
            if not keeps and (is_public or places.of[name] != name):
                yield name, word


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _exceptions(modules):
    """Return `(module, name)` of all exceptions whose name means the same wherever it stands."""
    meanings = {}
    for module in modules.values():
        known = {binding.alias: binding.target for binding in module.imports}
        known.update({node: (module.name, name_of(node)) for node in module.written})
        known.update(module.targets)
        for node in ast.walk(module.tree):
            for word in _words_at(node):
                meanings.setdefault(word, set()).add(known.get(node))
    clear = [(word, *found) for word, found in meanings.items() if len(found) == 1]
    return {m for word, m in clear if m and m[1] == word and _is_public_error(word)}


def _is_public_error(word):
    return word.endswith("Error") and not word.startswith("_")


def _words(tree):
    """Yield all names that a module uses, but for attributes."""
    for node in ast.walk(tree):
        yield from _words_at(node)


def _words_at(node):
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name


class _Rewriter(ast.NodeTransformer):
    """Writes the new names into one module."""

    def __init__(self, module, names, places):
        self._module = module
        self._names = names
        self._places = places
        self._written = set(module.written)

    def _new(self, node):
        target = self._module.targets.get(node)
        if node in self._written:
            target = (self._module.name, name_of(node))
        return self._names.get(target)

    def _is_here(self, module):
        return self._places.get(module) == self._places[self._module.name]

    def visit_Name(self, node):
        new = node.id not in self._module.mixed and self._new(node)
        return ast.copy_location(ast.Name(new, node.ctx), node) if new else node

    def visit_Attribute(self, node):
        """`module.name` becomes the name itself where both are in one place."""
        target, new = self._module.targets.get(node), self._new(node)
        if not target:
            return self.generic_visit(node)
        if self._is_here(target[0]):
            return ast.copy_location(ast.Name(new or node.attr, node.ctx), node)
        return ast.copy_location(ast.Attribute(node.value, new or node.attr, node.ctx), node)

    def visit_FunctionDef(self, node):
        if node in self._written:
            node.name = self._new(node) or node.name
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815

    def visit_ImportFrom(self, node):
        found = [new for alias in node.names for new in self._import(node.module, alias)]
        return found or ast.Pass()

    def _import(self, module, alias):
        """Yield what a name is imported by now: nothing when it is in the same place."""
        known_as = alias.asname or alias.name
        whole = "%s.%s" % (module, alias.name)
        if self._is_here(whole) or self._is_here(module):
            if known_as in self._module.mixed:
                raise ValueError("%s: %s is bound twice" % (self._module.name, known_as))
            return
        if whole in self._places:
            package, _, last = self._places[whole].rpartition(".")
            yield ast.ImportFrom(package, [ast.alias(last, known_as)], 0)
        else:
            new = self._names.get((module, alias.name))
            if new and known_as not in self._module.mixed:
                known_as = new
            new, place = new or alias.name, self._places.get(module, module)
            yield ast.ImportFrom(place, [ast.alias(new, known_as if known_as != new else None)], 0)


def _check_imports(place, trees):
    """Raise ValueError when a name that one tree imports is something else in another."""
    imports = [dict(_known_by_import(tree)) for tree in trees]
    for tree, own in zip(trees, imports, strict=True):
        names = set(_global_names(symtable.symtable(ast.unparse(tree), place, "exec")))
        for name, what in (item for other in imports for item in other.items()):
            if name in names and own.get(name) != what:
                raise ValueError("%s: %s means two things" % (place, name))


def _known_by_import(tree):
    """Yield `(name, what it is)` of what a module imports at its top level."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                known_as = alias.asname or alias.name.partition(".")[0]
                what = alias.name if alias.asname else known_as
                yield known_as, (getattr(node, "module", None), what)


def _global_names(table):
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for inner in table.get_children():
        yield from _global_names(inner)


def _one_source(trees):
    """Return one source: what the trees import, once, and then all the rest."""
    imports, rest = {}, []
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports[ast.unparse(node)] = None
            elif not isinstance(node, ast.Pass) and not _is_docstring(node):
                rest.append(ast.unparse(node))
    return "\n".join([*imports, *rest, ""])


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
