"""What a run that is forked from a template must not share with the other ones: the state of random generators, and how
many threads numpy computes with.

`random` reseeds itself in every forked child. Where the author's file seeded it, the state after the import is the
one that each run begins with, as if it had imported the file itself.
"""

import gc
import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_ONE_THREAD = "OPENBLAS_NUM_THREADS"
"""OpenBLAS starts its threads when it is loaded, and a process with threads cannot be forked. With one thread it
starts none; a run then gets as many as it would have had."""
_PATIENCE = ("OPENBLAS_THREAD_TIMEOUT", "20")
"""A thread of OpenBLAS spins before it sleeps, also when it has only just been started: by default some 25 ms, on the
core that the run needs to begin. This is the logarithm of cycles: half a millisecond."""
_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


class Inheritance:
    """Made before the flow file is imported, settled after it, and renewed in every worker."""

    def __init__(self) -> None:
        self._seeded = False
        self._state: Any = None
        self._widen: list[Callable[[int], object]] = []
        self._is_narrow = _ONE_THREAD not in os.environ
        self._is_patient = _PATIENCE[0] in os.environ
        if self._is_narrow:
            os.environ[_ONE_THREAD] = "1"
            os.environ.setdefault(*_PATIENCE)
        self._seed = random.seed
        random.seed = self._note_seed

    def settle(self) -> None:
        """The import is over: the environment is as it was, and what is in memory stays there."""
        random.seed = self._seed
        if self._seeded:
            self._state = random.getstate()
        if self._is_narrow:
            os.environ.pop(_ONE_THREAD, None)
            if not self._is_patient:
                os.environ.pop(_PATIENCE[0], None)
            self._widen = _openblas_setters()
        # Objects that the collector does not look at are not written to, and stay shared between all forks.
        gc.freeze()

    def renew(self) -> None:
        """In a worker: generators go on as if they had been made in this very process."""
        if self._state is not None:
            random.setstate(self._state)
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is not None and _is_unseeded(numpy_random):
            numpy_random.seed()
        for widen in self._widen:
            widen(len(os.sched_getaffinity(0)))

    def _note_seed(self, *arguments: Any, **keywords: Any) -> None:
        self._seeded = any(value is not None for value in (*arguments, *keywords.values()))
        self._seed(*arguments, **keywords)


def _is_unseeded(numpy_random: Any) -> bool:
    """Whether numpy's global generator still has the seed that numpy made up for it."""
    generator = getattr(numpy_random.mtrand._rand, "_bit_generator", None)
    return getattr(generator, "seed_seq", None) is not None


def _openblas_setters() -> list[Callable[[int], object]]:
    """The functions by which each OpenBLAS in this process is told how many threads it may have."""
    import ctypes

    with open("/proc/self/maps") as maps:  # noqa: PTH123
        paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line}
    found = []
    for path in sorted(paths):
        with suppress(OSError):
            library = ctypes.CDLL(path)
            found += [getattr(library, name) for name in _SETTERS if hasattr(library, name)][:1]
    return found
