"""The README says the truth: its rule table, its commands, its console output."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from evalbatch import cli
from evalbatch.catalogue import markdown_table
from tests.forms import scheme

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_rule_table_is_generated_from_the_scheme() -> None:
    table = README.partition("<!-- rules -->\n")[2].partition("\n<!-- /rules -->")[0]
    assert table == markdown_table(scheme())


def test_every_command_is_documented() -> None:
    commands = {command.name or getattr(command.callback, "__name__", "") for command in cli.app.registered_commands}
    documented = set(re.findall(r"^\| `evalbatch (\w+)", README, re.MULTILINE))
    assert documented == commands | {"scheme"}


def test_the_console_output_is_real(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"```console\n\$ evalbatch (.*)\n((?:.*\n)*?)```", README)
    assert shown
    monkeypatch.chdir(ROOT)
    for command, output in shown:
        monkeypatch.setattr(sys, "argv", ["evalbatch", *shlex.split(command)])
        cli._run()
        assert capsys.readouterr().out == output


@pytest.mark.parametrize("path", re.findall(r"`(evalbatch/[\w/.]+|samples/[\w/.]+|workbook_templates/)`", README))
def test_every_path_named_exists(path: str) -> None:
    assert (ROOT / path).exists()
