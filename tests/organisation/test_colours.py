"""One colour makes legible shades in both lights, whichever it is."""

from hypothesis import given
from hypothesis import strategies as st

from shared_apps.organisation.colours import LEGIBLE, contrast, is_colour, palette, stylesheet

LIGHT, DARK = ("#ffffff", "#f6f6f3", "#f2f2ee"), ("#16171d", "#0e0f13", "#1e2028")


@given(number=st.integers(0, 0xFFFFFF))
def test_every_shade_is_legible_where_it_stands(number: int) -> None:
    made = palette(f"{number:06x}")
    pairs = [(made.light.primary, other) for other in (*LIGHT, made.light.soft, made.light.on)]
    pairs += [(made.dark.primary, other) for other in (*DARK, made.dark.soft, made.dark.on)]
    pairs += [(made.light.hover, made.light.on), (made.dark.hover, made.dark.on)]
    pairs += [(made.light.hover, made.light.soft), (made.dark.hover, made.dark.soft)]
    pairs += [(made.hero, "#ffffff"), (made.hero, "#d7d8f7")]
    assert all(contrast(one, other) >= LEGIBLE for one, other in pairs)


def test_a_legible_colour_stays_as_it_is() -> None:
    assert palette("3a3db0").light.primary == "#3a3db0"
    assert contrast("#000000", "#ffffff") == 21
    assert "--primary:light-dark(#3a3db0," in stylesheet("3a3db0")
    assert not any(map(is_colour, ("", "#3a3db0", "3A3DB0", "3a3db", "red;}*{x", "3a3db00")))
