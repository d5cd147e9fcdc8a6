"""Devices that a user may name."""

from __future__ import annotations

import pytest

from hdsl.runtime.device import check_device


def test_the_processor_is_there() -> None:
    check_device("cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:99", "meta", "cpu cpu"])
def test_what_is_not_there_is_said(name: str) -> None:
    with pytest.raises(ValueError, match=r"no such device here|hold no numbers"):
        check_device(name)
