"""A delimited text file before it is parsed: its encoding, delimiter, header, and whether its lines agree."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError
from nnviz.data.tables.encoding import CHUNK_BYTES, HEAD_BYTES, first_bytes, in_utf8

Delimiter = Literal["auto", ",", ";", "tab", "|"]
Record = tuple[str, ...]

DELIMITERS = {",": ",", ";": ";", "tab": "\t", "|": "|"}
MISSING = ("", "NA", "N/A", "n/a", "na", "nan", "NaN", "NAN", "Nan", "null", "NULL", "Null", "?", "-")
"""What stands for a missing value, with spaces around it or not."""

PREVIEW_ROWS = 50


@dataclass(frozen=True)
class TextTable:
    """A file that has been looked over.

    `content` is the text in UTF-8 when the file itself is in another encoding or hard to parse, else None.
    `separator` is one character; `header_lines` counts the lines before the first row, blank ones included; `rows`
    holds the first 50 rows as text.
    """

    path: Path
    content: bytes | None
    encoding: str
    separator: str
    names: tuple[str, ...]
    header_lines: int
    rows: tuple[Record, ...]
    notes: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield the text line by line, from the top of the file."""
        if self.content is not None:
            yield from io.StringIO(self.content.decode("utf-8"), newline="")
        else:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from file


def look_over(path: Path, delimiter: Delimiter) -> TextTable:
    """Find out how a file is to be parsed.

    Raises DataError when there is no such file, when it is no text, holds no rows, or when its lines disagree about
    the number of fields; the sentence names the first bad line.
    """
    head = first_bytes(path)
    content, encoding, notes = in_utf8(path, head)
    head = head.removeprefix(codecs.BOM_UTF8) if content is None else content[:HEAD_BYTES]
    whole = len(head) < HEAD_BYTES
    text = head.decode("utf-8", errors="ignore")  # only the end of a cut head can be ill-formed
    separator = _guess_separator(text) if delimiter == "auto" else DELIMITERS[delimiter]
    records, starts = _first_records(path, text, separator, whole)
    if not records:
        raise DataError(f"{path.name} holds no text but blank lines; choose a file with a header and rows.")
    headed = _has_header(records)
    if headed and len(records) == 1:
        raise DataError(f"{path.name} has a header but no rows; add rows or choose another file.")
    names, renamed = _names(records[0] if headed else ("",) * len(records[0]))
    if not headed:
        renamed = (f"The first line holds numbers, so the columns are named column 1 to column {len(names)}.",)
    table = TextTable(
        path=path,
        content=content,
        encoding=encoding,
        separator=separator,
        names=names,
        header_lines=starts[headed] - 1,
        rows=tuple(records[headed : headed + PREVIEW_ROWS]),
        notes=notes + renamed,
    )
    codes = np.frombuffer(content, np.uint8) if content is not None else np.memmap(path, np.uint8, "r")
    if _lines_may_disagree(codes, ord(separator), len(names)):
        refuse_bad_line(table)
        table = _rewritten(table)  # lone quotation marks, which the parser stumbles over
    return table


def refuse_bad_line(table: TextTable) -> None:
    """Raise DataError for the first line whose fields are more or fewer than the columns; return if there is none."""
    reader = csv.reader(table.lines(), delimiter=table.separator)
    start = 1
    try:
        for record in reader:
            if len(record) != len(table.names) and not _is_blank(record):
                found = f"{len(record)} field{'s were' if len(record) != 1 else ' was'} found"
                quote = " or close the quotation mark" if reader.line_num > start else ""
                raise DataError(
                    f"{table.path.name}, line {start}: {found} where {len(table.names)} are expected; "
                    f"correct that line{quote}, or choose another delimiter."
                )
            start = reader.line_num + 1
    except csv.Error:
        raise DataError(
            f"{table.path.name}, line {start}: a quotation mark opens and is never closed; correct that line."
        ) from None


def _rewritten(table: TextTable) -> TextTable:
    """Return the table with every field that needs them in quotation marks, on the same lines as before."""
    text = io.StringIO(newline="")
    rows = csv.reader(table.lines(), delimiter=table.separator)
    csv.writer(text, delimiter=table.separator, lineterminator="\n").writerows(rows)
    return replace(table, content=text.getvalue().encode())


def line_of_row(table: TextTable, row: int) -> int:
    """Return the number of the line on which a row starts; rows count from 0, blank lines included."""
    reader = csv.reader(table.lines(), delimiter=table.separator)
    while reader.line_num < table.header_lines:
        next(reader)
    for _ in islice(reader, row):
        pass
    return reader.line_num + 1


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number, with a decimal point or comma."""
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return "_" not in cell


# ---------------------------------------------------------------- fields, delimiter and header


def _lines_may_disagree(codes: NDArray[np.uint8], separator: int, fields: int) -> bool:
    """Whether some line seems to have another number of fields, by counting separators outside quotation marks.

    Quotation marks are paired from the top, which a lone one inside a field upsets: True asks for a closer look.
    """
    newline, quote, carriage = ord("\n"), ord('"'), ord("\r")
    open_quotes, separators, last_end = 0, 0, -1
    for start in range(0, len(codes), CHUNK_BYTES):
        chunk = codes[start : start + CHUNK_BYTES]
        hit = (chunk == separator) | (chunk == newline)
        quotes = chunk == quote
        if open_quotes or quotes.any():
            inside = (np.cumsum(quotes, dtype=np.uint8) + np.uint8(open_quotes)) & 1  # wraps, which parity survives
            open_quotes = int(inside[-1])
            hit &= inside == 0
        places = np.flatnonzero(hit)
        ends = np.flatnonzero(chunk[places] == newline)
        if len(ends) == 0:
            separators += len(places)
            continue
        counts = np.diff(ends, prepend=-1) - 1
        counts[0] += separators
        lengths = np.diff(places[ends] + start, prepend=last_end) - 1
        wrong = (counts != fields - 1) & (lengths > 0)
        # A line of one byte may be the carriage return of a blank line.
        blank = (lengths == 1) & (codes[np.maximum(places[ends] + start - 1, 0)] == carriage)
        if (wrong & ~blank).any():
            return True
        separators, last_end = len(places) - int(ends[-1]) - 1, int(places[ends[-1]]) + start
    unfinished = len(codes) - last_end - 1 > 0
    return bool(open_quotes) or (unfinished and separators != fields - 1)


def _guess_separator(text: str) -> str:
    """Return the separator that splits the first lines most evenly, then into most fields; a comma if none does."""
    best, score = ",", (0.0, 1)
    for separator in DELIMITERS.values():
        try:
            records = [r for r in islice(_records(text, separator), 20) if not _is_blank(r)]
        except csv.Error:
            continue
        width = len(records[0]) if records else 0
        even = sum(len(r) == width for r in records) / max(len(records), 1)
        if width > 1 and (even, width) > score:
            best, score = separator, (even, width)
    return best


def _records(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _first_records(path: Path, text: str, separator: str, whole: bool) -> tuple[list[Record], list[int]]:
    """Return the first records that are not blank, and the number of the first line of each."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    records: list[Record] = []
    starts: list[int] = []
    start = 1
    try:
        for record in reader:
            if not _is_blank(record):
                records.append(tuple(record))
                starts.append(start)
            start = reader.line_num + 1
            if len(records) > PREVIEW_ROWS + 1:
                break
    except csv.Error:
        raise DataError(
            f"{path.name}, line {start}: a quotation mark opens and is never closed; correct that line."
        ) from None
    if not whole and len(records) <= PREVIEW_ROWS + 1:  # the head was cut, and its last record with it
        records, starts = records[:-1], starts[:-1]
        if len(records) < 2:
            raise DataError(f"{path.name} has lines of more than {HEAD_BYTES:,} bytes; it is not a table of samples.")
    return records, starts


def _is_blank(record: Sequence[str]) -> bool:
    return len(record) < 2 and not "".join(record).strip()


def _has_header(records: Sequence[Record]) -> bool:
    """Whether the first record names columns: it does unless it holds numbers where the next one does too.

    Numbers that count up one by one are names as well: what tables without names are given on saving.
    """
    first = [cell.strip() for cell in records[0]]
    numbers = [float(cell.replace(",", ".", 1)) for cell in first if is_number(cell)]
    if not numbers:
        return True
    if len(numbers) > 1 and all(b - a == 1 for a, b in pairwise(numbers)):
        return True
    second = records[1] if len(records) > 1 else ()
    return any(
        cell not in MISSING and not is_number(cell) and is_number(below)
        for cell, below in zip(first, second, strict=False)
    )


def _names(header: Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return column names without gaps or repetitions, and notes about what was renamed."""
    names: list[str] = []
    taken: set[str] = set()
    repeated: list[str] = []
    for number, cell in enumerate(header, start=1):
        wanted = cell.strip() or f"column {number}"
        name, copy = wanted, 1
        while name in taken:
            copy += 1
            name = f"{wanted} ({copy})"
        if copy > 1:
            repeated.append(repr(name))
        names.append(name)
        taken.add(name)
    if not repeated:
        return tuple(names), ()
    listed = ", ".join(repeated[:5]) + (f" and {len(repeated) - 5} more" if len(repeated) > 5 else "")
    return tuple(names), (f"Columns of the same name were renamed: {listed}.",)
