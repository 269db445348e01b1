"""Who comes in by a code."""

import pytest

from kernel.tenancy import Business
from shared_apps.accounts.models import User
from tests.support.people import user_make


@pytest.fixture
def mother(academy: Business) -> User:
    return user_make(academy, name="Sunita Devi")
