"""One colour of a business made into all it needs, in both lights, each legible where it stands.

Lightness is moved in OKLCH (B. Ottosson, 2020), which keeps the hue a person sees; contrast is WCAG 2.2's.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

LEGIBLE = 4.5
# What a colour stands on or beside in each light: surfaces of the design system.
_LIGHT = ("#ffffff", "#f6f6f3", "#f2f2ee")
_DARK = ("#16171d", "#0e0f13", "#1e2028")
_HERO_TEXTS = ("#ffffff", "#d7d8f7")
_STEP = 0.005
_HEX = re.compile(r"[0-9a-f]{6}")

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shades:
    """What one light makes of a brand's colour; each as `#rrggbb`."""

    primary: str
    hover: str
    on: str
    soft: str
    mid: str


@dataclass(frozen=True, slots=True)
class Palette:
    """A brand's colour in both lights. `hero` stands under white text in either."""

    light: Shades
    dark: Shades
    hero: str


def is_colour(text: str) -> bool:
    """Whether the text is six hexadecimal digits in small letters."""
    return _HEX.fullmatch(text) is not None


def palette(colour: str) -> Palette:
    """All shades of a colour given as six hexadecimal digits."""
    lightness, chroma, hue = _lch(_rgb(f"#{colour}"))

    def shade(light: float, most: float) -> str:
        return _hex(light, min(chroma, most), hue)

    soft, dark_soft, dark_on = shade(0.955, 0.03), shade(0.28, 0.06), shade(0.2, 0.06)
    at = _moved(lightness, chroma, hue, against=(*_LIGHT, soft), by=-_STEP)
    lit = _moved(lightness, chroma, hue, against=(*_DARK, dark_soft, dark_on), by=_STEP)
    hero = _moved(min(lightness, 0.42), chroma, hue, against=_HERO_TEXTS, by=-_STEP)
    return Palette(
        light=Shades(_hex(at, chroma, hue), _hex(at - 0.06, chroma, hue), "#ffffff", soft, shade(0.86, 0.09)),
        dark=Shades(_hex(lit, chroma, hue), _hex(lit + 0.05, chroma, hue), dark_on, dark_soft, shade(0.4, 0.1)),
        hero=_hex(hero, chroma, hue),
    )


def stylesheet(colour: str) -> str:
    """The tokens of the design system in this colour."""
    made = palette(colour)
    pairs = {
        "primary": (made.light.primary, made.dark.primary),
        "primary-hover": (made.light.hover, made.dark.hover),
        "on-primary": (made.light.on, made.dark.on),
        "primary-soft": (made.light.soft, made.dark.soft),
        "primary-mid": (made.light.mid, made.dark.mid),
    }
    lines = [f"--{name}:light-dark({light},{dark})" for name, (light, dark) in pairs.items()]
    return f":root{{{';'.join([*lines, f'--hero:{made.hero}'])}}}\n"


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _moved(lightness: float, chroma: float, hue: float, *, against: Iterable[str], by: float) -> float:
    """The lightness nearest to the one wanted, in the direction of `by`, that is legible against all of these."""
    while not all(contrast(_hex(lightness, chroma, hue), other) >= LEGIBLE for other in against):
        lightness += by
        if not 0 < lightness < 1:
            break
    return min(1.0, max(0.0, lightness))


def _rgb(text: str) -> Rgb:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _gamma(value: float) -> float:
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _luminance(colour: Rgb) -> float:
    red, green, blue = map(_linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lch(colour: Rgb) -> tuple[float, float, float]:
    red, green, blue = map(_linear, colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return min(1.0, max(0.0, lightness)), math.hypot(a, b), math.atan2(b, a)


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """The colour on a screen; one that no screen shows loses chroma until it is."""
    lightness = min(1.0, max(0.0, lightness))
    values = _screen(lightness, chroma, hue)
    while chroma > 0.002 and not all(-0.001 <= value <= 1.001 for value in values):
        chroma *= 0.95
        values = _screen(lightness, chroma, hue)
    if chroma <= 0.002:
        values = _screen(lightness, 0.0, hue)
    return "#" + "".join(f"{round(min(1.0, max(0.0, value)) * 255):02x}" for value in values)


def _screen(lightness: float, chroma: float, hue: float) -> Rgb:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return _gamma(red), _gamma(green), _gamma(blue)
