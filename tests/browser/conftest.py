"""One Chromium and one server for all browser tests, gone before the next test: Playwright holds the thread's event loop."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from playwright.sync_api import Browser

from scripts.stack.chromium import browser_open
from tests.support.browser import served


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browser_open() as opened:
        yield opened


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    # Looking is not what a person does in a minute.
    with override_settings(REQUESTS_PER_MINUTE=100_000), served() as number:
        yield number
