"""Texts of the documentation as tests run them."""

import re
from collections.abc import Mapping


def with_replaced(text: str, replacements: Mapping[str, str]) -> str:
    """All replacements at once: of one after the other, the second may hit what the first has put there (`localhost:40017`)."""
    return re.sub("|".join(rf"{re.escape(each)}(?!\d)" for each in replacements), lambda found: replacements[found[0]], text)
