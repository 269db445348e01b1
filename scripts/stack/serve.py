"""`scripts/serve`: the stack without a story, reloading on change, with one generated sign-in per role."""

import argparse
import signal

from scripts.stack import command, whole
from scripts.stack.report import show

NAME = "serve"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.parse_args(arguments)
    stack = whole.start(NAME, reload=True)
    try:
        sign_ins = stack.manage("seed_signins")
        show("\n".join(f"{name:<10} {url}" for name, url in stack.urls.items()))
        show(sign_ins.strip())
        signal.pause()
        return command.HELD
    finally:
        stack.stop()


if __name__ == "__main__":
    command.run(main)
