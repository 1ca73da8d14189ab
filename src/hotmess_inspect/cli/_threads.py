"""Limits on threads and memory of numerical libraries, set before they are loaded."""

from __future__ import annotations

import os
import sys

# The numbers of glibc's malloc.h.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_thread() -> None:
    """Keep numerical libraries to one thread, unless the user has set a number.

    The products here are tall and thin: more threads wait for each other longer than they compute, and the
    processes of ``--jobs`` would each take all cores. Takes effect only where numpy is not loaded yet.
    """
    for name in _VARIABLES:
        os.environ.setdefault(name, "1")
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let glibc use the memory of a freed array again, of whatever size.

    By default every array of megabytes is mapped anew, and the kernel clears all of it page by page: a fifth of the
    time of a large table.
    """
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 1 << 30)
        mallopt(_TRIM_THRESHOLD, 1 << 30)
