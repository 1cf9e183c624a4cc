"""One license, one version number, and how to cite: said the same way everywhere."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import nnviz
from nnviz.gui import help

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def cited(key: str) -> str:
    """Return a value of CITATION.cff that stands on the line of its key."""
    (found,) = re.findall(rf"^{key}: (.+)$", CITATION, re.MULTILINE)
    return found.strip('"')


def test_the_license_has_one_spdx_identifier() -> None:
    assert PROJECT["license"] == cited("license") == help.LICENSE == "MIT"
    assert distribution("nnviz").metadata["License-Expression"] == "MIT"


def test_the_license_is_the_text_of_that_identifier() -> None:
    """SPDX matching: the text of https://spdx.org/licenses/MIT but for the copyright line and white space."""
    words = " ".join((ROOT / "LICENSE").read_text(encoding="utf-8").split())
    assert re.match(r"MIT License Copyright \(c\) \d{4} nnviz contributors Permission is hereby granted, free", words)
    assert "The above copyright notice and this permission notice shall be included in all copies" in words
    assert words.endswith("OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.")


def test_the_citation_has_what_the_format_asks_for() -> None:
    assert cited("cff-version") == "1.2.0"
    assert cited("title").startswith("nnviz")
    assert cited("message")
    assert re.search(r'^authors:\n  - name: "nnviz contributors"$', CITATION, re.MULTILINE)
    keywords = re.search(r"^keywords:\n((?:  - .+\n)+)", CITATION, re.MULTILINE)
    assert keywords is not None
    assert [line.removeprefix("  - ") for line in keywords[1].splitlines()] == PROJECT["keywords"]


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    assert not re.search(r"^version:", CITATION, re.MULTILINE)
    naming = [path for path in (ROOT / "nnviz").rglob("*.py") if f'"{nnviz.__version__}"' in path.read_text("utf-8")]
    assert naming == [ROOT / "nnviz" / "__init__.py"]
