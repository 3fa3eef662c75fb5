"""net.service.sntp: when the clock is set, and what does not set it."""

from __future__ import annotations

import pytest
import trio

from simulator.device.calls.sntp import REQUEST, time_in
from tests.device.stage import JOIN, PASSWORD, SSID, Stage, on_stage

NOON = 1_800_000_000
POOL = ("pool.ntp.org", "203.0.113.50")


def answer(epoch: int = NOON, *, mode: int = 4, stratum: int = 2) -> bytes:
    return bytes([4 << 3 | mode, stratum]) + bytes(38) + (epoch + 2_208_988_800).to_bytes(4, "big") + bytes(4)


def synchronised(script: str, *answers: bytes) -> str:
    """Return what ``script`` prints in a world with a time server that gives ``answers``, the last one from then on."""

    async def play(stage: Stage) -> str:
        host = stage.world.network.add_host(*POOL)
        server = host.open_datagrams(123)

        async def serve() -> None:
            left = list(answers)
            while left:
                request, sender = await server.receive_from()
                assert request == REQUEST
                await server.send_to(left.pop(0) if len(left) > 1 else left[0], sender)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            printed = await stage.printed()
            nursery.cancel_scope.cancel()
        return printed.replace("\r", "")

    return on_stage(play, script=script)


WAIT = f"while os.time() < {NOON} do tmr.sleepms(100) end "


def test_the_clock_is_set_from_the_pool_in_the_background() -> None:
    script = f"{JOIN} net.service.sntp.start() print(os.time() < {NOON}) {WAIT} print(os.time() - {NOON} < 2)"
    assert synchronised(script, answer()) == "true\ntrue\n"


def test_running_says_that_it_was_started_and_not_that_the_time_is_right() -> None:
    script = """local sntp = net.service.sntp
print(sntp.running()) sntp.start("nobody.example") sntp.start() print(sntp.running())
sntp.stop() print(sntp.running())"""
    assert synchronised(script, answer()) == "false\ntrue\nfalse\n"


def test_it_keeps_polling_until_there_is_a_network() -> None:
    script = f"""net.wf.setup(net.wf.mode.STA, "{SSID}", "{PASSWORD}")
net.service.sntp.start() tmr.sleep(20) net.wf.start() {WAIT} print(os.time() - {NOON} < 60)"""
    assert synchronised(script, answer()) == "true\n"


@pytest.mark.parametrize("useless", [answer(stratum=0), answer(mode=3), answer()[:47], b""])
def test_an_answer_that_tells_no_time_is_asked_for_again_after_a_pause(useless: bytes) -> None:
    script = f"""{JOIN} net.service.sntp.start() tmr.sleep(14) print(os.time() < {NOON}) {WAIT} print("set")"""
    assert synchronised(script, useless, answer()) == "true\nset\n"
    assert time_in(useless) is None


def test_the_time_is_asked_for_again_every_hour() -> None:
    script = f"""{JOIN} net.service.sntp.start() tmr.sleep(60) print(os.time() // 1000)
tmr.sleep(3600) print(os.time() // 1000)"""
    assert synchronised(script, answer(NOON), answer(NOON + 9_000_000)) == "1800000\n1809000\n"


def test_a_stopped_session_asks_no_more() -> None:
    script = f"""{JOIN} net.service.sntp.start() tmr.sleep(60) net.service.sntp.stop()
tmr.sleep(9000) print(os.time() < {NOON + 10_000})"""
    assert synchronised(script, answer(NOON), answer(NOON + 9_000_000)) == "true\n"
