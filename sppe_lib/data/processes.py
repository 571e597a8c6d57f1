"""Spreading independent work over processes without changing its result."""

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

IN_FLIGHT = 256  # items handed out at a time, so that finished ones do not pile up in memory


def in_processes(function: Callable, items: Iterable, processes: int) -> Iterator:
    """`map(function, items)`, results in order, over a number of processes; 1 uses none.

    `function` must be importable, must not use torch, and what it returns must depend on its item only.
    On Linux the processes are forked, as torch's own data loaders are: a fresh interpreter would spend
    longer importing than most splits take to draw.
    """
    items = iter(items)
    if processes <= 1:
        yield from map(function, items)
        return
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        while batch := list(islice(items, IN_FLIGHT)):
            yield from pool.map(function, batch, chunksize=4)
