"""How large the pages of a Parquet file become once they are unpacked, told from their headers alone.

The file's own sums may say anything; what a reader allocates is in the header of each page.
Format: https://github.com/apache/parquet-format (PageHeader, in Thrift's compact protocol).
"""

from typing import BinaryIO

_HEADER_BYTES = 1 << 16
"""A header has some 50 bytes, and may hold the least and the greatest value of its page."""
_DEEPEST = 8


def largest_page(stream: BinaryIO, start: int, packed: int) -> int:
    """The bytes of the largest page of those from an offset on, which take so many bytes in the file.

    Raises ValueError for what is no page header.
    """
    largest = 0
    at, end = start, start + packed
    while at < end:
        stream.seek(at)
        header = _Header(stream.read(_HEADER_BYTES))
        unpacked, size = header.sizes()
        if min(unpacked, size) < 0 or header.at + size == 0:
            raise ValueError("a page of a negative size")
        largest = max(largest, unpacked, size)
        at += header.at + size
    return largest


class _Header:
    """Bytes of a header, read from the beginning on."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def sizes(self) -> tuple[int, int]:
        """Unpacked and packed size of a page."""
        try:
            found = self._struct(0)
            return found[2], found[3]
        except (IndexError, KeyError) as error:
            raise ValueError("no header of a page") from error

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("a number that is too long")

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _struct(self, depth: int) -> dict[int, int]:
        """The numbers among its fields."""
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        found: dict[int, int] = {}
        field = 0
        while (byte := self._byte()) != 0:
            field = field + (byte >> 4) if byte >> 4 else self._number()
            kind = byte & 0x0F
            if kind in (4, 5, 6):
                found[field] = self._number()
            else:
                self._skip(kind, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in (1, 2):
            return
        if kind == 3:
            self.at += 1
        elif kind in (4, 5, 6):
            self._varint()
        elif kind == 7:
            self.at += 8
        elif kind == 8:
            size = self._varint()
            self.at += size
        elif kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            if count > _HEADER_BYTES:
                raise ValueError("a list that is too long")
            for _ in range(count):
                self._skip(head & 0x0F, depth)
                self.at += (head & 0x0F) in (1, 2)
        elif kind == 12:
            self._struct(depth + 1)
        else:
            raise ValueError("a kind of field that headers do not have")
