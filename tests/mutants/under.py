"""Runs something with a defect in the code: ``python -m tests.mutants.under NAME pytest|sweeps|luatwin ...``.

The module that has the defect is compiled from its changed source, past the cache of compiled modules; everything else
is imported as always.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.mutants.mutant import Mutant


class _Loader(SourceFileLoader):
    """Compiles the changed source of a module."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the module with the defect in it."""
        source = self.get_source(fullname)
        assert source is not None
        return compile(self._mutant.apply(source), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the one module that has the defect."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import the module if it is that one."""
        if fullname != self._mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        spec.loader = _Loader(self._mutant)
        return spec


def put_in(mutant: Mutant) -> None:
    """Let the module have the defect when it is imported, which nobody must have done yet."""
    assert mutant.module not in sys.modules, f"{mutant.module} is imported already"
    sys.meta_path.insert(0, _Finder(mutant))


def main(name: str, program: str, *arguments: str) -> int:
    """Run ``program`` with the defect ``name``, with none if it is ``-``, and return its exit code."""
    if name != "-":
        from tests.mutants.catalogue import MUTANTS

        put_in(MUTANTS[name])
    if program == "pytest":
        import pytest

        # Where LuaTwin is installed with its plugin, pytest imports all of it itself, to rewrite its assertions.
        return int(pytest.main(["--assert=plain", *arguments]))
    if program == "sweeps":
        from tests.mutants import sweeps

        return sweeps.main(*arguments)
    from simulator.cli import main as luatwin

    try:
        luatwin(list(arguments))
    except SystemExit as exited:
        return int(exited.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
