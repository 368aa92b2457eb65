"""Texts to UTF-8, one way for all who send or write them."""


def encode_text(text: str | bytes) -> bytes:
    r"""UTF-8, whatever the string holds; bytes as they are.

    A surrogate without its half has no UTF-8; it becomes U+FFFD, as in Node.js and browsers, and a split
    pair becomes its character.

    >>> encode_text("fine \ud83d\ude00"), encode_text("half \ud83d"), encode_text(b"\xff")
    (b'fine \xf0\x9f\x98\x80', b'half \xef\xbf\xbd', b'\xff')
    """
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
