from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from hdsl.cli.lsp import command

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("package", ["pygls", "lsprotocol"])
def test_a_missing_package_is_named_with_how_to_install_it(package: str) -> None:
    program = (
        f"import sys\nsys.modules['{package}'] = None\n"
        "from hdsl.cli.main import main\nsys.argv = ['hdsl', 'lsp']\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: `hdsl lsp` needs pygls: pip install 'hdsl[lsp]'"


@pytest.mark.parametrize("place", ["2087", ":2087", "localhost:", "localhost:x", "localhost:70000"])
def test_a_place_to_listen_that_is_none(place: str) -> None:
    done = CliRunner().invoke(command, ["--tcp", place])
    assert done.exit_code == 2 and "expected HOST:PORT" in done.output


def test_one_way_to_talk() -> None:
    done = CliRunner().invoke(command, ["--tcp", "localhost:2087", "--stdio"])
    assert done.exit_code == 2 and "--tcp and --stdio: one of them" in done.output


def test_the_end_of_standard_input_is_the_end() -> None:
    server = [sys.executable, "-m", "hdsl", "lsp", "--stdio"]
    done = subprocess.run(server, input=b"", capture_output=True, cwd=CHECKOUT, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "hdsl", "lsp", "--tcp", f"127.0.0.1:{port}"], cwd=CHECKOUT)

    async def talk() -> Any:
        client = LanguageClient("tests", "1")
        while True:
            try:
                await client.start_tcp("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        told = await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()
        return told

    try:
        told = asyncio.run(asyncio.wait_for(talk(), 60))
        assert told.server_info.name == "hdsl" and told.capabilities.hover_provider
        server.wait(30)
    finally:
        server.kill()
        server.wait()
