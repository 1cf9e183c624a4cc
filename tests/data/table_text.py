"""Short tables as text."""

from __future__ import annotations

ROWS = 12


def rows(*cells: str, n: int = ROWS) -> str:
    """Return n lines of cells, each a format of the row number i."""
    return "".join(
        ",".join(cell.format(i=i, h=i * 0.5, odd=i % 2, three=i % 3) for cell in cells) + "\n" for i in range(n)
    )


GOOD = "size,colour,price\n" + "".join(f"{i},{('red', 'green', 'blue')[i % 3]},{i * 1.5}\n" for i in range(ROWS))
