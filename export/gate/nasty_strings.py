"""Texts that nobody tweets and somebody sends: what the gate compares beside the test split."""

from typing import Final

NASTY: Final = (
    "",
    " ",
    "\t\n\v\f\r",
    "http://t.co/only",
    "http://a.b https://c.d @e",
    "@mention",
    "!",
    "?!?!?!",
    "!" * 500,
    "\x00",
    "a\x00b",
    b"\xff\xfe\xfd",
    b"caf\xe9 au lait",
    b"\xed\xa0\x80 lone surrogate",
    b"\xf4\x90\x80\x80 beyond unicode",
    "\ufeffbyte order mark",
    "\u202eright to left\u202c",
    "\u00a0\u2003\u3000",
    "e\u0301 combining",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u4f60\u597d\u4e16\u754c",
    "I\u0307 \u0130 \u212a",
    "[UNK] [empty] [empty]",
    "'; DROP TABLE tweets; --",
    "{{text}} ${text} %s %n",
    "word " * 41,
    "a" * 100_000,
    "so happy " * 10_000,
)
"""Empty, blank, URLs only, marks only, NUL, invalid UTF-8, other scripts, very long."""
