"""Settings of every test: reproducible examples, no deadline on a slow machine, no cache of whoever runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from evalbatch import cli

settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this session alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALBATCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The program as it is called, with its exit code."""

    def invoke(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["evalbatch", *map(str, arguments)])
        return cli._run()

    return invoke
