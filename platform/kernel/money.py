"""Money as integer paise. Decimal rupees exist only at the edge, inside an adapter."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

PAISE_PER_RUPEE = 100
# Rupees: what a bigint column of paise holds.
LEAST, MOST = Decimal("-92233720368547758.08"), Decimal("92233720368547758.07")


def round_paise(amount: Decimal) -> int:
    """Round a Decimal number of paise half up to a whole paisa. Round once, at the end of a calculation."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def rupees(paise: int) -> Decimal:
    """Paise as rupees with exactly two decimals: 45000 → Decimal("450.00")."""
    return Decimal(f"{paise}e-2")


def paise_of(amount: Decimal | str | int) -> int:
    """Rupees as paise. Raises ValueError for what is no amount, for more than a bigint of paise holds, and for a
    fraction of a paisa: nothing is rounded.
    """
    if isinstance(amount, float):
        raise TypeError("rupees come as Decimal, str or int, never as float")
    try:
        given = Decimal(amount)
        if not LEAST <= given <= MOST:
            raise ValueError(f"{amount} rupees is more than there can be")
        whole = given.quantize(Decimal("0.01"))
        if whole != given:
            raise ValueError(f"{amount} rupees is not a whole number of paise")
        return int(whole * PAISE_PER_RUPEE)
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(f"{amount!r} is no amount of rupees") from error


def share(paise: int, percent: Decimal) -> Decimal:
    """`percent` of an amount in paise, unrounded: share(150000, Decimal("1.5")) → Decimal("2250")."""
    return Decimal(paise) * percent / 100


def display(paise: int) -> str:
    """₹ with Indian grouping: 48230000 → "₹4,82,300.00"."""
    sign = "-" if paise < 0 else ""
    whole, fraction = divmod(abs(paise), PAISE_PER_RUPEE)
    return f"{sign}₹{grouped(whole)}.{fraction:02d}"


def grouped(number: int) -> str:
    """A whole number as it is written in India: 1234567 → "12,34,567"."""
    digits, sign = str(abs(number)), "-" if number < 0 else ""
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return sign + ",".join([*groups, tail])
