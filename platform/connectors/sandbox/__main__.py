"""`python -m connectors.sandbox --port P`: runs the stand-ins on 127.0.0.1 until SIGTERM or SIGINT.

`--port` is the control door's; each vendor has a port of its own, by option or free-chosen. When everything accepts
connections one line of JSON with all base URLs goes to standard output; `GET /control/health` tells the same.
"""

import argparse
import asyncio
import json
import signal
import sys

from connectors.sandbox.app import HOST, VENDORS, Listener, Sandbox
from connectors.sandbox.control import door


async def serve(port: int, ports: dict[str, int]) -> None:
    """Run until a signal asks to end."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    sandbox = Sandbox(ports)
    control = Listener(door(sandbox), port)
    listeners = [*sandbox.listeners.values(), control]
    for listener in listeners:
        await listener.open()
    sys.stdout.write(json.dumps({"control": f"http://{HOST}:{control.port}", **sandbox.urls()}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    sandbox.deliver.clear()
    await asyncio.gather(*(listener.close() for listener in listeners))


def main() -> None:
    """Read the ports from the command line and serve."""
    parser = argparse.ArgumentParser(prog="connectors.sandbox")
    parser.add_argument("--port", type=int, default=0, help="of the control door; 0 chooses a free one")
    for vendor in VENDORS:
        parser.add_argument(f"--{vendor}-port", type=int, default=0)
    given = vars(parser.parse_args())
    asyncio.run(serve(given["port"], {vendor: given[f"{vendor}_port"] for vendor in VENDORS}))


if __name__ == "__main__":
    main()
