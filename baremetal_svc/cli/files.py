# SPDX-License-Identifier: Apache-2.0
"""Files that options name."""

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from osc_lib.exceptions import CommandError


def content(path: Path | None) -> bytes | None:
    """What is in it; None for no file. :raises CommandError: it cannot be read."""
    try:
        return None if path is None else path.expanduser().read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def text(path: Path | None) -> str | None:
    """The same as text, without white space at its ends. :raises CommandError: it cannot be read, or is no text."""
    raw = content(path)
    try:
        return None if raw is None else raw.decode().strip()
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} cannot be read: it is no text.") from error


def encoded(path: Path | None) -> str | None:
    """The same in base64. :raises CommandError: it cannot be read."""
    raw = content(path)
    return None if raw is None else base64.b64encode(raw).decode()


def placed(files: Mapping[str, str] | None) -> list[dict[str, str | None]] | None:
    """Path on the server -> file here, as the API takes it. :raises CommandError: one cannot be read."""
    return [{"path": path, "contents": encoded(Path(file))} for path, file in files.items()] if files else None


@contextmanager
def new_secret(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner can read, to be filled; gone again when that fails.

    :raises CommandError: it is there already, or cannot be written.
    """
    try:
        file = open(path.expanduser(), "xb", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    with file:
        try:
            yield file
        except BaseException:
            path.expanduser().unlink()
            raise
