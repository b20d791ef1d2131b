# SPDX-License-Identifier: Apache-2.0
"""Files that options name."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path

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


def keep_secret(path: Path, secret: bytes) -> None:
    """Write a new file that only its owner can read. :raises CommandError: it is there already, or cannot be written."""
    try:
        with open(path.expanduser(), "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secret)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def check_new(path: Path) -> None:
    """:raises CommandError: it is there, or its directory is not."""
    if path.expanduser().exists() or not path.expanduser().parent.is_dir():
        raise CommandError(f"{path} cannot be written: name a new file in a directory that is there.")
