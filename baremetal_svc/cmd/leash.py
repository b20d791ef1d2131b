# SPDX-License-Identifier: Apache-2.0
"""``python -I -S leash.py SIGNAL PARENT COMMAND...``: become COMMAND, which gets SIGNAL when its parent ends, even by kill -9.

Run as a file, by any Python; imports the standard library only. A program of its own, since code between fork and exec
is not safe in a process with threads. The kernel watches the parent's *thread*: start it from one that lives on.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Does not return."""
    number, parent, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")
    os.execv(command[0], command)  # noqa: S606 (our own caller says what to run)


if __name__ == "__main__":
    main()
