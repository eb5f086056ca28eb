"""Rows -> bytes that travel from a worker and wait, on disk once they are many, until they are written; and back."""

from __future__ import annotations

import io
import pickle
import tempfile
import weakref
from array import array
from itertools import accumulate
from typing import Any, Final

from evalbatch.deflate import compress, decompress
from evalbatch.model import Packed

_LEVEL: Final = 1
"""Of compression: higher ones cost more time than the disk they save."""
IN_MEMORY: Final = 64 * 1024 * 1024
"""Bytes that wait in memory before they go to disk."""
_KNOWN: Final = frozenset(
    {
        ("decimal", "Decimal"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("evalbatch.model", "Finding"),
        ("evalbatch.model", "Ref"),
    }
)
"""What may stand in packed rows beside texts and numbers: nothing else is ever made from bytes."""


def pack(rows: object) -> bytes:
    """Rows as bytes."""
    return compress(pickle.dumps(rows, protocol=5), _LEVEL)


def unpack(content: bytes) -> Any:
    """The rows that were packed; raises UnpicklingError or DeflateError where the bytes are not such rows."""
    return _Rows(io.BytesIO(decompress(content))).load()


class _Rows(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of packed rows")
        return super().find_class(module, name)


class Spool:
    """Where packed rows wait; its file has no name and is gone with the process, however that ends."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def keep(self, packed: Packed) -> Packed:
        """The same pieces, read back whenever they are asked for."""
        pieces = [packed[place] for place in range(len(packed))]
        start = self._file.seek(0, io.SEEK_END)
        self._file.writelines(pieces)
        return _Kept(self, array("Q", accumulate(map(len, pieces), initial=start)))

    def read(self, start: int, stop: int) -> bytes:
        """The bytes that stand there."""
        self._file.seek(start)
        return self._file.read(stop - start)


class _Kept:
    __slots__ = ("_bounds", "_spool")

    def __init__(self, spool: Spool, bounds: array[int]) -> None:
        self._spool = spool
        self._bounds = bounds

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, index: int) -> bytes:
        start, stop = self._bounds[index : index + 2]
        return self._spool.read(start, stop)


__all__ = ["Spool", "pack", "unpack"]
