"""What packs a file, by the suffix of its name: for tests of whoever reads such files."""

import bz2
import gzip
import lzma

from backports import zstd

PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}
