"""What a server answers, for every way to ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ota_protocol import Catalogue, Decision, Firmware, Question, decide

NEW = "a8c07d661cf8c9c285edb98eb5b35f77c01bdf62"
OLD = "6b455df4965c2242754a80896562e254ba0ee528"
FIRMWARE = Firmware(ids=("N1ESP32-OTA", "WHITECAT-ESP32-N1-OTA"), commit=NEW, image=b"image")
FORM = "application/x-www-form-urlencoded"
CATALOGUE = Catalogue()
CATALOGUE.publish(FIRMWARE)


def get(target: str) -> Decision:
    return decide(Question(method="GET", target=target), CATALOGUE)


def post(target: str, body: bytes, content_type: str | None = FORM) -> Decision:
    return decide(Question(method="POST", target=target, content_type=content_type, body=body), CATALOGUE)


@pytest.mark.parametrize("firmware_id", FIRMWARE.ids)
def test_another_commit_gets_the_newest_firmware_for_either_form_of_the_id(firmware_id: str):
    assert get(f"/?firmware={firmware_id}&commit={OLD}") == Decision(
        status=200, firmware_id=firmware_id, commit=OLD, offer=FIRMWARE
    )


@pytest.mark.parametrize("commit", [NEW, NEW.upper(), NEW[:7], NEW[:12]])
def test_the_newest_commit_gets_nothing_even_if_abbreviated(commit: str):
    decision = get(f"/?firmware=N1ESP32-OTA&commit={commit}")
    assert (decision.status, decision.reason, decision.offer) == (471, "No new firmware available", None)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "'firmware' is missing"),
        ("commit=" + OLD, "'firmware' is missing"),
        ("firmware=N1ESP32-OTA", "'commit' is missing"),
        ("firmware[]=N1ESP32-OTA&commit=" + OLD, "'firmware' is missing"),
        ("Firmware=N1ESP32-OTA&Commit=" + OLD, "'firmware' is missing"),
        ("firmware=&commit=" + OLD, "'' is no firmware id"),
        ("firmware=../../etc/passwd&commit=" + OLD, "is no firmware id"),
        (f"firmware={'A' * 65}&commit={OLD}", "is no firmware id"),
        ("firmware=N1ESP32-OTA%00&commit=" + OLD, "is no firmware id"),
        ("firmware=n1esp32-ota&commit=" + OLD, "there is no firmware 'n1esp32-ota'"),
        ("firmware=N1ESP32&commit=" + OLD, "there is no firmware 'N1ESP32'"),
        ("firmware=N1ESP32-OTA&commit=", "'' is no commit"),
        ("firmware=N1ESP32-OTA&commit=OLD", "'OLD' is no commit"),
        ("firmware=N1ESP32-OTA&commit=123456", "is no commit"),
        (f"firmware=N1ESP32-OTA&commit={OLD}0", "is no commit"),
        ("firmware=N1ESP32-OTA&commit=%D9%A1234567", "is no commit"),
        ("firmware=N1ESP32-OTA&commit=0123456%0A", "is no commit"),
        ("&".join(["x=1"] * 1001), "more than 1000 arguments"),
    ],
)
def test_missing_and_bad_arguments_are_told_apart_for_people(query: str, why: str):
    decision = get(f"/?{query}")
    assert (decision.status, decision.reason, decision.offer) == (470, "Missing or bad arguments", None)
    assert why in decision.why


def test_a_decision_remembers_what_the_board_said():
    decision = get("/?firmware=WHO&commit=OLD")
    assert (decision.firmware_id, decision.commit) == ("WHO", "OLD")


def test_arguments_are_decoded_and_others_ignored():
    assert get(f"/?x&firmware=N1ESP32%2DOTA&y=1&commit={OLD}&").status == 200
    assert get(f"/?firmware=N1ESP32+OTA&commit={OLD}").why.startswith("'N1ESP32 OTA'")


def test_of_several_arguments_of_one_name_the_last_wins():
    assert get(f"/?firmware=X&firmware=N1ESP32-OTA&commit={NEW}&commit={OLD}").status == 200
    assert get(f"/?firmware=N1ESP32-OTA&commit={OLD}&commit=").status == 470


def test_arguments_may_be_in_the_body_of_a_form():
    body = f"firmware=N1ESP32-OTA&commit={OLD}".encode()
    assert post("/", body).status == 200
    assert post("/", body, "Application/X-WWW-Form-Urlencoded; charset=UTF-8").status == 200
    assert post("/", body, "text/plain").status == 470
    assert post("/", body, None).status == 470


def test_the_body_wins_over_the_query_and_completes_it():
    assert post(f"/?firmware=N1ESP32-OTA&commit={NEW}", f"commit={OLD}".encode()).status == 200
    assert post(f"/?firmware=N1ESP32-OTA&commit={OLD}", b"").status == 200


def test_the_body_of_a_get_is_not_looked_at():
    body = f"firmware=N1ESP32-OTA&commit={OLD}".encode()
    assert decide(Question(method="GET", target="/", content_type=FORM, body=body), CATALOGUE).status == 470


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods_are_not_allowed(method: str):
    target = f"/?firmware=N1ESP32-OTA&commit={OLD}"
    assert decide(Question(method=method, target=target), CATALOGUE).status == 405


@pytest.mark.parametrize("path", ["/index.php", "//", "/..", "*", "", "example.org:443", "/%2e"])
def test_there_is_nothing_at_other_paths(path: str):
    expected = 404 if path else 200  # a server name without a path means the path /
    assert get(f"{path}?firmware=N1ESP32-OTA&commit={OLD}").status == expected


@pytest.mark.parametrize("prefix", ["https://ota.whitecatboard.org/", "HTTP://x:1/", "https://x"])
def test_a_target_may_name_the_server(prefix: str):
    assert get(f"{prefix}?firmware=N1ESP32-OTA&commit={OLD}").status == 200


@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    target=st.text() | st.from_regex(r"/\?(firmware|commit)=.*", fullmatch=True),
    content_type=st.none() | st.just(FORM) | st.text(),
    body=st.binary(),
)
def test_anything_at_all_gets_one_of_the_documented_answers(
    method: str, target: str, content_type: str | None, body: bytes
):
    decision = decide(Question(method=method, target=target, content_type=content_type, body=body), CATALOGUE)
    assert decision.status in {404, 405, 470}
    assert decision.reason
    assert decision.why
