"""JSON texts that must travel as XML 1.0 characters, as SQS messages do (https://www.w3.org/TR/xml/#charsets)."""

FORBIDDEN = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}  # JSON escapes the control characters by itself, surrogates cannot occur


def escape_json(text: str) -> str:
    """The same JSON value without characters that XML forbids: within JSON they stand in strings only, where escapes are allowed."""
    for character, escape in FORBIDDEN.items():
        if character in text:
            text = text.replace(character, escape)
    return text
