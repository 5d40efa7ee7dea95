"""Generated clients that import a thousand models when the first of them is asked for: here each is imported when it is
used. The code of the SDK is not changed; only what its `__init__.py` imports is looked up by name."""

import ast
import importlib
import importlib.util
import sys
import types


def lazy(name, *parts):
    """Makes the package and these parts of it importable without what their `__init__.py` imports."""
    folder = importlib.util.find_spec(name).submodule_search_locations[0]
    for full in (name, *(f"{name}.{part}" for part in parts)):
        package = types.ModuleType(full)
        package.__path__ = [folder + full[len(name) :].replace(".", "/")]
        with open(f"{package.__path__[0]}/__init__.py", encoding="utf-8") as file:
            package.__getattr__ = look_up(dict(imported(full, ast.parse(file.read()))))
        sys.modules[full] = package
        parent, _, last = full.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, package)


def imported(package, tree):
    """The names that it imports, each with its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module}" if node.level else node.module
            yield from ((name.asname or name.name, module) for name in node.names)


def look_up(modules):
    def found(name):
        if name not in modules:
            raise AttributeError(name)
        return getattr(importlib.import_module(modules[name]), name)

    return found
