"""Our JUnit XML, read by a library that others use to merge and count such reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml

from tests.helpers import luatwin

HEAD = "version: 1\nboard: N1ESP32-OTA\nimage-size: 16K\n"
FILES = {
    "good": f"name: good\n{HEAD}lua: print('hello')\nsteps: [{{wait-serial: hello}}]\n",
    "bad": f"name: 'bad <&> \"quoted\"'\n{HEAD}lua: print('\\27[31mred')\nsteps: [{{wait-serial: bye, timeout: 2s}}]\n",
    "broken": f"name: broken\n{HEAD}steps: [{{dealy: 1s}}]\n",
}


def test_a_report_is_read_as_it_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(f"{name}.scenario.yaml").write_text(text)
    luatwin("test", ".", "--junit", "out.xml")
    (suite,) = JUnitXml.fromfile("out.xml")
    assert (suite.tests, suite.failures, suite.errors) == (3, 1, 1)
    bad, broken, good = suite
    assert (good.name, good.classname, good.is_passed) == ("good", "good", True)
    assert bad.name == 'bad <&> "quoted"'
    (failure,) = bad.result
    assert isinstance(failure, Failure)
    assert failure.message == "b0 did not print 'bye' within 2.000 s (at 2.000 s of simulated time)"
    assert "\ufffd[31mred" in failure.text
    (error,) = broken.result
    assert isinstance(error, Error)
    assert error.message == "broken.scenario.yaml:5:10: unknown step dealy; did you mean delay?"
