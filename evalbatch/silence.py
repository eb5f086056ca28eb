"""Loaded first where workers are made from one process, which no worker outlives: neither it nor a worker that is just
starting has a word to say when the one that asked for them is killed."""

from __future__ import annotations

from evalbatch.processes import silence

silence()
