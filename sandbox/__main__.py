"""The command line: python -m sandbox."""

import argparse
import signal
import sqlite3
from pathlib import Path

from sandbox.loading import load_folder, report
from sandbox.server import Server
from sandbox.state import State


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = parser().parse_args()
    folders = [named_folder(text) for text in options.load]

    def setup(state: State) -> None:
        if options.demo and state.is_empty():
            from sandbox.world import load_world  # its data are read only when asked for

            load_world(state)
        for name, folder in folders:
            print(report(name, load_folder(state, name, folder)), flush=True)

    # uvicorn repeats the signal that ended it: with these in place the process still exits with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        state = State(options.state, speed=options.speed)
        server = Server(state, port=options.port, setup=setup, any_beta=options.any_beta)
    except sqlite3.Error as error:
        raise SystemExit(f"--state {options.state}: {error}") from None
    except (OSError, OverflowError) as error:
        raise SystemExit(f"--port {options.port}: {error}") from None
    setup(state)
    print(f"sandbox listening on {server.url}", flush=True)
    server.run()


def parser() -> argparse.ArgumentParser:
    """The options, with what each is for."""
    result = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local stand-in of the Claude Managed Agents API (memory stores, dreams, sessions, "
        "deployments). It is not Claude: its dreams are small text work done on this machine.",
    )
    result.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1; 0 takes a free one")
    result.add_argument("--state", default="sandbox.sqlite3", help="SQLite file that keeps everything")
    result.add_argument("--demo", action="store_true", help="fill an empty state with the demo world")
    result.add_argument("--speed", type=float, default=1.0, help="how much faster than real dreams go")
    result.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="make a memory store of the text files in a folder, unless one has that name; repeatable",
    )
    result.add_argument("--any-beta", action="store_true", help="do not check the anthropic-beta header")
    return result


def named_folder(text: str) -> tuple[str, Path]:
    """NAME and DIR of a --load; ends the process when that is no folder."""
    name, _, folder = text.partition("=")
    if not name or not Path(folder).is_dir():
        raise SystemExit(f"--load {text}: must be NAME=DIR with an existing folder")
    return name, Path(folder)


if __name__ == "__main__":
    main()
