"""The doctor tries the parts themselves, and knows what to do about each that is not well."""

from __future__ import annotations

import json
import ssl
from importlib.metadata import PackageNotFoundError, version

import pytest

from simulator import doctor
from simulator.doctor import Finding, Status, examine, is_healthy
from simulator.install import EXACT_BUILD
from tests.helpers import luatwin


def finding(part: str) -> Finding:
    return next(found for found in examine() if found.part == part)


def test_this_installation_is_as_a_board_is() -> None:
    findings = examine()
    assert [(found.part, found.found) for found in findings if found.status is not Status.OK] == []
    assert all(not found.mend for found in findings)
    assert is_healthy(findings)


def test_names_the_versions_that_a_report_needs() -> None:
    packages = finding("packages").found
    for package in ("trio", "lupa", "greenlet", "httpx", "cryptography"):
        assert f"{package} {version(package)}" in packages
    assert ssl.OPENSSL_VERSION in finding("stock TLS").found


def test_64_bit_numbers_work_but_differ_and_say_how_to_build_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.vm.numerics.numbers_are_exact", lambda: False)
    found = finding("Lua numbers")
    assert found.status is Status.DIFFERS
    assert is_healthy([found])
    flags = EXACT_BUILD["CFLAGS"]
    assert f"CFLAGS='{flags}' LUPA_NO_LUAJIT='true' pip install --force-reinstall" in found.mend
    assert f"--no-binary lupa lupa=={version('lupa')}" in found.mend


def test_an_openssl_without_tls_1_1_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.network.tls.stock_tls_version", lambda: ssl.TLSVersion.TLSv1_2)
    found = finding("stock TLS")
    assert found.status is Status.DIFFERS
    assert found.found == f"1.2, because {ssl.OPENSSL_VERSION} cannot do 1.1"


def test_a_trio_that_ignores_the_seed_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = iter(range(100))
    monkeypatch.setattr(doctor, "run_world", lambda async_fn, *, seed: [next(counter)])
    found = finding("determinism")
    assert found.status is Status.BROKEN
    assert not is_healthy([found])


def test_a_part_that_cannot_be_imported_is_broken_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImportError("no littlefs here")

    monkeypatch.setattr("simulator.boards.all_boards", fail)
    found = finding("boards")
    assert (found.status, found.found) == (Status.BROKEN, "ImportError: no littlefs here")
    assert found.mend
    assert finding("esptool").status is Status.OK


@pytest.mark.parametrize("part", ["esptool", "images"])
def test_some_parts_are_not_needed(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", not_installed)
    found = finding(part)
    assert found.status is Status.ABSENT
    assert is_healthy([found])


def test_the_command_draws_every_part_and_exits_with_0() -> None:
    drawn = luatwin("doctor")
    assert drawn.code == 0
    for found in examine():
        assert f"\n{found.part} " in drawn.out


def test_the_command_says_how_to_mend_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    sick = [Finding("heart", Status.BROKEN, "[none]", "find the [wizard]"), Finding("brain", Status.OK, "straw")]
    monkeypatch.setattr("simulator.cli.doctor.examine", lambda: sick)
    drawn = luatwin("doctor")
    assert drawn.code == 1
    lines = [line.rstrip() for line in drawn.out.splitlines()]
    assert lines == [
        "part   status  found",
        "heart  broken  [none]",
        "brain  ok      straw",
        "",
        "heart: find the [wizard]",
    ]


def test_parts_with_one_mend_are_mended_in_one_line_that_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    mend = "mend --it " * 30
    monkeypatch.setattr(
        "simulator.cli.doctor.examine", lambda: [Finding(part, Status.DIFFERS, "", mend) for part in ("heart", "brain")]
    )
    assert f"\nheart, brain: {mend}\n" in luatwin("doctor").out


def test_json_is_one_object_with_the_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.cli.doctor.examine", lambda: [Finding("heart", Status.BROKEN, "none", "a wizard")])
    written = luatwin("doctor", "--json")
    assert written.code == 1
    assert json.loads(written.out) == {
        "ok": False,
        "findings": [{"part": "heart", "status": "broken", "found": "none", "mend": "a wizard"}],
    }
