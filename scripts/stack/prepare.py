"""What a stack's database is given before anybody is served: its migrations, then the plans, vendor and price."""

import django
from django.core.management import call_command

if __name__ == "__main__":
    import config  # noqa: F401  (puts the source root on the path)

    django.setup()
    call_command("fleet", "migrate")
    call_command("seed_platform")
