"""Texts to UTF-8, one way for all who send or write them."""


def encode_text(text: str) -> bytes:
    r"""UTF-8, whatever the string holds.

    A surrogate without its half has no UTF-8; it becomes U+FFFD, as in Node.js and browsers, and a split
    pair becomes its character.

    >>> encode_text("fine \ud83d\ude00"), encode_text("half \ud83d")
    (b'fine \xf0\x9f\x98\x80', b'half \xef\xbf\xbd')
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
