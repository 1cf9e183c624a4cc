"""`nnviz check`: what this installation consists of, and whether it computes correctly on this machine."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator

from nnviz import checks, installation
from nnviz.checks import Finding
from nnviz.commands import Command, Parser, commands, say
from nnviz.installation import Display, Section

_FAILED = 1


@commands.register
class Check(Command):
    """Prints versions, devices and paths, and runs the self-tests."""

    name = "check"
    title = "check this installation"
    help = (
        "Print versions, devices, screens, paths and what is registered, and run the self-tests: gradients of every\n"
        "kind of layer, least squares against theory, the compiled engine against PyTorch, and repetition."
    )
    epilog = """Each line of a self-test says what was measured and where the bound lies.
With --json, one JSON object on one line is printed and nothing else.
Exit status: 0 no self-test failed, 1 one failed, 2 a mistake in what was asked for."""
    order = 25

    def declare(self, parser: Parser) -> None:
        parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
        parser.add_argument("--quick", action="store_true", help="fewer repetitions and shorter trainings")

    def run(self, options: argparse.Namespace) -> int:
        began = time.perf_counter()
        if not options.json and (sentence := installation.patience()):
            say(sentence)
        facts: dict[str, Section] = {}
        for name, section in installation.sections(_display()):
            facts[name] = section
            if not options.json:
                _print_section(name, section)
        findings = list(_told(checks.run_all(options.quick), silent=options.json))
        seconds = time.perf_counter() - began
        ok = all(finding.status != "failed" for finding in findings)
        if options.json:
            rest = {"checks": [f.plain() for f in findings], "seconds": round(seconds, 3), "ok": ok}
            say(json.dumps({**facts, **rest}, allow_nan=False))
        else:
            say(f"\n{checks.summary(findings)} {seconds:.1f} s.")
        return 0 if ok else _FAILED


def _display() -> Display:
    try:
        from nnviz.gui import display
    except ImportError as error:  # a Linux without the libraries that Qt needs: the engines work all the same
        return Display(problem=f"Qt cannot be loaded: {error}")
    return display.asked()


def _print_section(name: str, section: Section) -> None:
    say(name.capitalize())
    rows = installation.lines(section)
    width = max(len(words) for words, _ in rows)
    for words, value in rows:
        say(f"  {words:<{width}}  {value}")


def _told(findings: Iterator[Finding], silent: bool) -> Iterator[Finding]:
    """Pass findings on, printing each as it comes under the title of its self-test."""
    check = ""
    for finding in findings:
        if not silent and finding.check != check:
            check = finding.check
            test = checks.self_tests[check]
            say(f"{test.title}: {test.help}")
        if not silent:
            say(f"  {finding.sign} {finding.subject:<30} {finding.words}")
        yield finding
