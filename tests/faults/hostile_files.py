"""Flow files that do their worst while they are imported, and what is to be said of each.

By file name: the text (bytes), and a part of the error that the user reads; None where the file is fine.
"""

from typing import NamedTuple

FLOW = b"\nfrom tui_flow import flow\n@flow\ndef {name}(): pass\n"


class Hostile(NamedTuple):
    text: bytes
    says: str | None


HOSTILE = {
    "syntax.py": Hostile(b"def broken(:\n", "syntax"),
    "importing.py": Hostile(b"import no_such_module_anywhere\n", "no_such_module_anywhere"),
    "nul_bytes.py": Hostile(b"x = 1\x00\n", "null"),
    "exits.py": Hostile(b"import sys; sys.exit(0)\n", "sys.exit(0)"),
    "exits_at_once.py": Hostile(b"import os; os._exit(0)\n", "exited with code 0"),
    "interrupts.py": Hostile(b"raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "generator_exit.py": Hostile(b"raise GeneratorExit\n", "GeneratorExit"),
    "segfault.py": Hostile(b"import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
    "kills_itself.py": Hostile(b"import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n", "SIGKILL"),
    "endless.py": Hostile(b"while True: pass\n", "took longer"),
    "ignores_term.py": Hostile(
        b"import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(60)\n",
        "took longer",
    ),
    "memory.py": Hostile(b"raise MemoryError\n", "MemoryError"),
    "recursion.py": Hostile(b"def f(): f()\nf()\n", "RecursionError"),
    "closes_fds.py": Hostile(b"import os\nos.closerange(0, 100)\n" + FLOW.replace(b"{name}", b"closes"), None),
    "floods.py": Hostile(
        b"import os\nfor _ in range(50): os.write(1, b'x' * 1_000_000)\n"
        + FLOW.replace(b"{name}", b"floods"), None
    ),
    "leaves_fork.py": Hostile(
        b"import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600); os._exit(0)\n"
        + FLOW.replace(b"{name}", b"forks"), None
    ),
    "leaves_thread.py": Hostile(
        b"import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
        + FLOW.replace(b"{name}", b"threads"), None
    ),
    "slow.py": Hostile(b"import time; time.sleep(20)\n", "took longer"),
    "empty.py": Hostile(b"", None),
    "huge.py": Hostile(b"#" * (50 * 1024 * 1024), "a flow file has at most 4 MB"),
    "latin.py": Hostile(b"# caf\xe9\nx = 1\n", "encoding"),
    "weird_exception.py": Hostile(
        b"class Odd(BaseException):\n    def __str__(self): raise ValueError\nraise Odd\n", "Odd"
    ),
    "calls_its_flow.py": Hostile(FLOW.replace(b"{name}", b"called") + b"called()\n", "called"),
    "replaces_exit.py": Hostile(
        b"import os, sys\nos._exit = lambda code: None\nsys.excepthook = None\nraise OSError('mine')\n", "mine"
    ),
    "escapes.py": Hostile(b"raise ValueError('\\x1b]52;c;Z290Y2hh\\x07 [/red]')\n", "52"),
}  # fmt: skip
ODD_ENTRIES = ("loop.py", "fifo.py", "unreadable.py", "folder.py", "dangling.py")
"""No plain files at all: a link to itself, a fifo, one without rights, a folder, a link to nothing."""
