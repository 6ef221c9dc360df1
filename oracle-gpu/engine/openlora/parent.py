"""A process that another one started ends with it."""

from __future__ import annotations

import os
import threading


def leave_with_parent() -> None:
    """The parent holds the other end of our standard input: when it is gone, so are we.

    Not through `sys.stdin`, whose lock a thread would hold while the interpreter ends.
    """

    def watch() -> None:
        while os.read(0, 4_096):
            pass
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()
