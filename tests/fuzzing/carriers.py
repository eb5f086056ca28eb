"""Mails and archives around one workbook, changed at random: what is still found in them is that workbook or sent back."""

from __future__ import annotations

import pickle
import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from evalbatch.examination import Examined
from evalbatch.intake import Arrival
from evalbatch.model import Submission, Summary, Value
from evalbatch.reading import read_submission, read_workbook
from evalbatch.workers.process import Failed, Worker
from tests.forms import scheme
from tests.fuzzing.mutants import Mutant, Tally
from tests.fuzzing.packages import BYTES, Mutation, mutated, with_a_field_of_the_directory_changed
from tests.intake.forms_of_arrival import (
    attached,
    compound,
    mail,
    mail_with,
    mailbox,
    nested,
    outlook,
    rar5,
    sevenzipped,
    tarred,
    zipped,
)

_NAME: Final = "101007_市气象局_2024.xlsx"
_RECEIVED: Final = datetime(2025, 3, 1)
_WORDS: Final = (
    (b"base64", b"quoted-printable"), (b"base64", b"x-uuencode"), (b"base64", b"8bit"), (b"base64", b"none"),
    (b"gb18030", b"utf-8"), (b"gb18030", b"x-unknown"), (b"=?gb", b"=?"), (b"?B?", b"?Q?"), (b"boundary=", b"boundary=\""),
    (b"multipart/mixed", b"multipart/alternative"), (b"multipart/mixed", b"text/plain"), (b"multipart/mixed", b"message/rfc822"),
    (b"attachment", b"inline"), (b"filename=", b"filename*=utf-8''"), (b"filename=", b"filename*0="), (b"octet-stream", b"rfc822"),
    (b"\r\n", b"\n"), (b"\r\n", b"\r"), (b"--edge--", b""), (b"--edge", b"--edg"), (b"From ", b">From "), (b"Date: ", b"Date: x"),
    (b"2025", b"9999"), (b"+0800", b"+9999"), (b"=\r\n", b"\r\n"),
)  # fmt: skip


def with_words_changed(numbers: Random, content: bytes) -> bytes:
    """A word of a mail's headers put in another's place, once or everywhere."""
    found = [pair for pair in _WORDS if pair[0] in content]
    if not found:
        return content
    word, other = numbers.choice(found)
    return content.replace(word, other, numbers.choice([1, 2, -1]))


def with_lines_changed(numbers: Random, content: bytes) -> bytes:
    """Lines doubled, lost, swapped, cut or very long."""
    lines = re.split(rb"(?<=\n)", content)
    one, two = sorted(numbers.randrange(len(lines)) for _ in range(2))
    # the headers are few among the lines of an attachment
    one = numbers.randrange(min(20, len(lines))) if numbers.random() < 0.7 else one
    match numbers.randrange(5):
        case 0:
            lines.insert(two, lines[one])
        case 1:
            del lines[one]
        case 2:
            lines[one], lines[two] = lines[two], lines[one]
        case 3:
            lines[one] = lines[one][: numbers.randrange(len(lines[one]) + 1)]
        case _:
            lines[one] = lines[one].rstrip(b"\r\n") * numbers.choice([2, 50, 2000]) + b"\r\n"
    return b"".join(lines)


_TEXTS: Final[tuple[Mutation, ...]] = (with_words_changed, with_words_changed, with_lines_changed, *BYTES)
_ZIPS: Final[tuple[Mutation, ...]] = (with_a_field_of_the_directory_changed, *BYTES)
MUTATIONS: Final[Mapping[str, tuple[Mutation, ...]]] = {"eml": _TEXTS, "mbox": _TEXTS, "zip": _ZIPS}


def carriers(workbook: bytes, seven_zip: bool) -> list[tuple[str, bytes]]:
    """The workbook in each kind of mail and archive, and in some within each other; by the suffix of its name."""
    files = {_NAME: workbook}
    letter = mail_with(files)
    packed = zipped(files, "gbk")
    found = [
        ("eml", letter),
        ("eml", mail_with({"材料.zip": packed})),
        (
            "eml",
            mail(nested(letter), attached(b"; filename*0*=utf-8''%E6%8A%A5; filename*1=.zip", packed), edge=b"outer"),
        ),
        ("mbox", mailbox([letter, mail_with(files, subject="第二封")])),
        ("msg", compound(outlook(files))),
        ("msg", compound(outlook({"转发": outlook(files, nested=True)}))),
        ("zip", packed),
        ("zip", zipped({"内/材料.zip": packed, "邮件.eml": letter})),
        ("tar.gz", tarred(files)),
        ("tar", tarred(files, "")),
        ("rar", rar5(files)),
    ]
    return found + ([("7z", sevenzipped(files))] if seven_zip else [])


def carrier(kinds: list[tuple[str, bytes]], seed: int, number: int) -> Mutant:
    """The mutant of a number, always the same."""
    numbers = Random(f"carrier-{seed}-{number}")
    which = numbers.randrange(len(kinds))
    form, content = kinds[which]
    content, names = mutated(numbers, content, MUTATIONS.get(form, BYTES), numbers.choice([1, 1, 2, 3]))
    return Mutant(" ".join([f"{number:06d}", form, str(which), *names]), form, content)


def deliver(mutant: Mutant, workbook: bytes, folder: Path, worker: Worker, tally: Tally) -> None:
    """Open a mutant and all that lies in it; whatever is read must say what the workbook says."""
    path = folder / f"收件.{mutant.form}"
    path.write_bytes(mutant.content)
    waiting = deque([Arrival(path, path.name, len(mutant.content), _RECEIVED)])
    tally.tried += 1
    tally.forms[mutant.form] += 1
    read = refused = False
    temporary: set[Path] = set()
    while waiting:
        arrival = waiting.popleft()
        (answer,) = worker.examine([arrival])
        if isinstance(answer, Failed):
            tally.defects.append((mutant, f"{arrival.name}: {answer.failure.value} {answer.detail}"))
            continue
        examined: Examined[Summary] = pickle.loads(answer)
        waiting.extend(examined.members)
        temporary.update(member.path for member in examined.members if member.temporary)
        refused |= examined.refusal is not None
        if examined.result is not None:
            read = True
            content = arrival.read()
            if content != workbook and _figures(content) != _figures(workbook):
                tally.defects.append((mutant, f"{arrival.name}: other figures than those that were sent"))
    for place in temporary:
        place.unlink(missing_ok=True)
    tally.compared += read
    tally.refused += refused and not read
    tally.other += not refused and not read


def _figures(content: bytes) -> dict[object, Value]:
    submission: Submission = read_submission(read_workbook(content), scheme(), "")
    figures: dict[object, Value] = {place: entry.value for place, entry in submission.cells.items()}
    for prefix, rows in submission.lists.items():
        figures |= {(prefix, row.key, name): entry.value for row in rows for name, entry in row.entries.items()}
    return figures
