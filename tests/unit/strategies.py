"""What several properties are stated about."""

from hypothesis import strategies as st

INTEGERS = st.integers(-(2**63), 2**64 - 1)
NUMBERS = INTEGERS | st.floats(allow_nan=False, allow_infinity=False)
JSON_SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=20)


def _containers(values):
    return st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=8), values, max_size=4)


JSON_VALUES = st.recursive(JSON_SCALARS, _containers, max_leaves=10)
JSON_OBJECTS = st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=4)
TEXTS = st.text(min_size=1, max_size=20)

SEGMENTS = st.sampled_from(["a", "b", "", ":x", ":y", ":", "*w", "*"])
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
PATHS = st.lists(st.sampled_from(["a", "b", "c", "", ":x"]), min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


def naive_match(pattern, path):
    """The parameters of a path, None if the pattern does not match: the definition, without any tree."""
    if "/" in (pattern, path):
        return {} if pattern == path else None
    wanted, given, params = pattern.split("/")[1:], path.split("/")[1:], {}
    for position, segment in enumerate(wanted):
        if position == len(given):
            return None
        if segment.startswith("*"):
            return params | {segment[1:]: "/".join(given[position:])}
        if segment.startswith(":"):
            params[segment[1:]] = given[position]
        elif segment != given[position]:
            return None
    return params if len(wanted) == len(given) else None
