"""Pictures made of a letter and a colour, for phones that show no drawings."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

INTER, DEVANAGARI = "inter-5.3.0-latin.woff2", "noto-sans-devanagari-5.3.0.woff2"
# Masks leave a circle of four fifths; the letter stays well within.
SHARE = 0.5


@lru_cache(maxsize=64)
def letter_png(letter: str, *, colour: str, size: int) -> bytes:
    """A square of `colour` (six hexadecimal digits) with a white letter in its middle."""
    picture = Image.new("RGB", (size, size), f"#{colour}")
    is_hindi = "\u0900" <= letter <= "\u097f"
    font = ImageFont.truetype(
        Path(settings.STATIC_ROOT) / "ui/fonts" / (DEVANAGARI if is_hindi else INTER), int(size * SHARE)
    )
    font.set_variation_by_name("Bold")
    ImageDraw.Draw(picture).text((size / 2, size / 2), letter, font=font, fill="#fff", anchor="mm")
    kept = io.BytesIO()
    picture.save(kept, "PNG", optimize=True)
    return kept.getvalue()
