"""A training takes one thread where more of them are slower."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import torch

from openlora.train.threads import choose_threads


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("slow", "chosen"), [(2, 1), (1, 2)])
def test_the_faster_number_is_kept(slow: int, chosen: int) -> None:
    tried: list[int] = []

    def step() -> None:
        tried.append(torch.get_num_threads())
        time.sleep(0.2 if tried[-1] == slow else 0)

    assert choose_threads(step, 2) == chosen
    assert torch.get_num_threads() == chosen
    assert set(tried) == {1, 2}


def test_one_thread_is_no_choice() -> None:
    assert choose_threads(lambda: None, 1) == 1
