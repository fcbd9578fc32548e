"""Labels as they were written: no formulas in them, and letters of all scripts for which this machine has a font."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator

WIDE_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei", "IPAexGothic"),
    *("Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS"),
    *("Noto Emoji", "Segoe UI Symbol", "Unifont"),
)
"""Fonts with letters that matplotlib's own lacks, the most common first."""


@contextlib.contextmanager
def letters_as_written() -> Iterator[None]:
    """Draw texts as they stand: a dollar sign begins no formula, and letters come from any font that has them.

    Letters that no font here has are boxes, which one warning says for all figures that are drawn meanwhile.
    """
    import matplotlib
    from matplotlib.font_manager import fontManager

    here = {font.name for font in fontManager.ttflist}
    families = [*matplotlib.rcParams["font.family"], *(name for name in WIDE_FONTS if name in here)]
    missing: dict[str, None] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with matplotlib.rc_context({"text.parse_math": False, "font.family": families}):
            yield
    for one in caught:
        glyph = re.match(r"Glyph (\d+) \(", str(one.message))
        if glyph:
            missing[chr(int(glyph[1]))] = None
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if missing:
        names = [letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in missing][:20]
        warnings.warn(f"no font on this machine has {' '.join(names)}: boxes stand for it in figures", stacklevel=3)
