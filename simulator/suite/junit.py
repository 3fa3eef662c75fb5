"""Results as JUnit XML, in the form that both Jenkins' schema and the older one of Ant let through."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from simulator.suite.result import Result

_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES: Final = (1, 3)
"""The exit codes of what is a failure; any other is an error."""


def junit_xml(results: Sequence[Result], *, began: datetime, wall_s: float) -> bytes:
    """Return the report of a run that began at ``began`` and took ``wall_s`` seconds."""
    failures = sum(result.exit_code in _FAILURES for result in results)
    errors = sum(not result.is_passed for result in results) - failures
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        id="0",
        name="luatwin",
        package="scenarios",
        timestamp=began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname=platform.node() or "localhost",
        tests=str(len(results)),
        failures=str(failures),
        errors=str(errors),
        time=f"{wall_s:.3f}",
    )
    ET.SubElement(suite, "properties")
    for result in results:
        case = ET.SubElement(
            suite, "testcase", classname=_class_name(result), name=_text(result.title), time=f"{result.wall_s:.3f}"
        )
        if not result.is_passed:
            kind = "failure" if result.exit_code in _FAILURES else "error"
            lines = list(result.lines())
            said = next((line for line in lines if not line.startswith("step: ")), result.word)
            element = ET.SubElement(case, kind, message=_text(said), type=result.word)
            element.text = _text("\n".join([result.place, *lines, f"to repeat: {result.command}"]))
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True).encode() + b"\n"


def _class_name(result: Result) -> str:
    """Return the path with dots, as reports group by it."""
    return ".".join(result.item.path.with_name(result.item.path.name.partition(".")[0]).parts).strip("./")


def _text(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
