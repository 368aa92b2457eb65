"""Words that no option, file, column or label should be called, and bytes that no file should hold."""

import gzip
import random
from collections.abc import Iterator

WORDS = (
    "", " ", "-", "--", "-1", "0", "00", "0.0", "1.5", "1e3", "1e400", "-1e400", "nan", "inf", "-inf",
    "99999999999", "-99999999999", "9" * 30, "9" * 400, "9" * 5_000, "0x10", "1,5", "1_000", "\u0663",
    "three", "None", "true", "[]", "{}", "%s", "%(default)s", "{0}", "$HOME", "`id`", "; rm", "a b", "a,b",
    "a=b", "=", ",", ",,", "a=", "=a", "\\", "/", "//", "/dev/null", "/dev/full", "/proc/self/mem", "no/such/dir",
    ".", "a" * 300, "a" * 5_000, "caf\u00e9", "\u4f60\u597d", "\U0001f600", "\u202eabc", "\u200babc",
    "\x1b[31mred", "\x1b]0;title\x07", "a\nb", "a\rb", "a\tb", "\x7f", "\x9b31m", "\udce9", "\ufeffa",
    "<img src=x onerror=alert(1)>", "[click](javascript:alert(1))", "| a | b |", "`", "'", '"', '"a',
)  # fmt: skip
"""For options: each may come from a shell, so none holds a NUL."""

NAMES = (
    *filter(None, WORDS), "a\0b", "$\\frac$", "$x^{$", "accuracy", "macro avg", "label",
)  # fmt: skip
"""For labels and columns, which come from files, where NUL can stand."""


def damages(content: bytes, count: int, seed: int = 42) -> Iterator[tuple[str, bytes]]:
    """Ways to damage a file, by name: those that can be thought of, then `count` at random."""
    middle = len(content) // 2
    yield from {
        "empty": b"",
        "one byte": content[:1],
        "half": content[:middle],
        "all but the last byte": content[:-1],
        "twice": content + content,
        "NUL in it": content[:middle] + b"\0" + content[middle:],
        "NUL bytes": b"\0" * 100,
        "UTF-16": content.decode("latin-1").encode("utf-16"),
        "a mark of UTF-16": b"\xff\xfe" + content,
        "a mark of UTF-8": b"\xef\xbb\xbf" + content,
        "invalid UTF-8": content[:middle] + b"\xff\xfe\xfd" + content[middle:],
        "packed": gzip.compress(content),
        "packed and cut": gzip.compress(content)[:-9],
        "CR": content.replace(b"\n", b"\r"),
        "no line end": content.replace(b"\n", b" "),
        "a quote too many": content[:middle] + b'"' + content[middle:],
        "quotes": b'"' * 1_001,
        "nested JSON": b"[" * 100_000,
        "a JSON list": b"[1, 2, 3]",
        "JSON null": b"null",
        "1e400": b'{"a": 1e400, "b": NaN}',
        "a number of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
        "HTML": b"<html><body>404</body></html>",
        "an escape": b"\x1b[2J\x1b]0;owned\x07" + content,
    }.items()
    chance = random.Random(seed)  # noqa: S311 (to be repeated, not to be secret)
    for number in range(count):
        kind, change = chance.choice(_CHANGES)
        yield f"{kind} {number}", change(chance, content)


def _flip(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 20)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content))]


def _lose(chance: random.Random, content: bytes) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randint(1, 200) :]


def _put_in(chance: random.Random, content: bytes) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + chance.randbytes(chance.randint(1, 50)) + content[start:]


def _punctuate(chance: random.Random, content: bytes) -> bytes:
    """What a table's own grammar is made of, in the wrong places."""
    for _ in range(chance.randint(1, 30)):
        start = chance.randrange(len(content))
        content = content[:start] + chance.choice((b",", b'"', b"\n", b"\r", b";", b"\t", b"{", b"}")) + content[start:]  # fmt: skip
    return content


_CHANGES = (
    ("flipped", _flip),
    ("cut", _cut),
    ("lost", _lose),
    ("put in", _put_in),
    ("punctuated", _punctuate),
)
