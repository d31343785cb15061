"""A simulated board for the tests of its serial line, and mpremote to talk to it."""

import pytest
from deploy.remote import PASSWORD, Mpremote

from simulator.process import SimulatedBoard


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A simulated ESP32-C3 with its own heap."""
    state = tmp_path_factory.mktemp("board")
    with SimulatedBoard("ESP32_GENERIC_C3", state, password=PASSWORD) as running:
        yield running


@pytest.fixture
def mpremote(board):
    """mpremote, connected to the board; it runs its firmware again at the end."""
    yield Mpremote(board)
    start_again(board)


def start_again(board):
    """Reset the board and wait until it serves."""
    said = len(board.lines)
    Mpremote(board)("reset")
    board.wait_for_line("ready http", said)
