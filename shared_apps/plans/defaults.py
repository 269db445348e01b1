"""The plans an installation starts with. Rows made from them belong to the operator, who may change every figure."""

from dataclasses import dataclass

LIVE_CLASSES = "live_classes"
MESSAGES = "messages"
CUSTOM_DOMAIN = "custom_domain"
CAMPAIGNS = "campaigns"
API_KEYS = "api_keys"

FEATURES = (LIVE_CLASSES, MESSAGES, CUSTOM_DOMAIN, CAMPAIGNS, API_KEYS)
# `api_per_minute` is what all people of a business share, each of whom alone may send a hundred.
LIMITS = ("libraries", "students", "storage_mb", "api_per_minute")


@dataclass(frozen=True, slots=True)
class Default:
    """One plan; the year costs ten months."""

    code: str
    name: str
    monthly_paise: int
    trial_days: int
    limits: tuple[int, int, int, int]
    features: tuple[str, ...]


DEFAULTS = (
    Default("free", "Free", 0, 0, (1, 50, 500, 600), (MESSAGES,)),
    Default("starter", "Starter", 999_00, 14, (2, 200, 5_000, 1_500), (MESSAGES, LIVE_CLASSES)),
    Default(
        "professional",
        "Professional",
        2_499_00,
        14,
        (5, 1_000, 50_000, 6_000),
        (MESSAGES, LIVE_CLASSES, CAMPAIGNS, CUSTOM_DOMAIN),
    ),
    Default("enterprise", "Enterprise", 9_999_00, 30, (20, 5_000, 500_000, 30_000), FEATURES),
)
