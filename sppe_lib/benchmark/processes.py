"""Spreading independent work over processes without changing its result."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

IN_FLIGHT = 256
"""Items handed out at a time, so that finished ones do not pile up in memory."""


def in_processes(function: Callable, items: Iterable, processes: int) -> Iterator:
    """`map(function, items)`, results in order, over a number of processes; 1 uses none.

    The processes are spawned, not forked: a fork of a process that already runs torch's threads may hang.
    `function` must be importable and what it returns must depend on its item only.
    """
    items = iter(items)
    if processes <= 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        while batch := list(islice(items, IN_FLIGHT)):
            yield from pool.map(function, batch, chunksize=4)
