"""How a backtest can end other than with its data: status, reason, log, exit code; never a hang, never our own traceback."""

from pathlib import Path

import pytest

from tests.backtest.lab import T0, Ended, Lab, said, speaking
from ticklink.backtest.session import own_frames

FAILS = """
        def __init__(self):
            self.steps = ["made"]
            super().__init__()
            self.set_up("{init}")
        def on_start(self):
            self.set_up("{start}")
        def set_up(self, what):
            if what:
                raise RuntimeError(what)
        """


def reason(ended: Ended, code: int = 1, status: str = "failed") -> str:
    assert ended.code == code, ended.errors
    assert ended.errors == ""
    assert ended.result.run.status == status
    return ended.result.run.reason


@pytest.mark.parametrize(("init", "start", "where"), [("no", "", "__init__"), ("", "no", "on_start")])
def test_an_exception_at_the_start_ends_the_run_with_its_traceback(lab: Lab, init: str, start: str, where: str) -> None:
    lab.calm(3)
    ended = lab.backtest(speaking(FAILS.format(init=init, start=start)))
    assert reason(ended) == f"{where} raised RuntimeError: no"
    trace = ended.result.run.traceback
    assert trace.startswith("Traceback (most recent call last):\n")
    assert "raise RuntimeError(what)\n" in trace
    assert trace.endswith("RuntimeError: no\n")
    assert "ticklink/backtest" not in trace
    assert [(line.level, line.message) for line in ended.result.log] == [
        ("CRITICAL", f"{where} raised RuntimeError: no\n{trace}".rstrip())
    ]


def test_it_does_so_when_it_has_waited_before(lab: Lab) -> None:
    lab.calm(9)
    ended = lab.backtest(
        speaking("""
        def on_start(self):
            time.sleep(3.5)
            {}["missing"]
        def quote_update(self, src, sym, data):
            self.say()
        """)
    )
    assert reason(ended) == "on_start raised KeyError: 'missing'"
    assert said(ended.result) == [[20], [1_020], [2_020], [3_020]]
    assert ended.result.run.to == T0 + 3_500


@pytest.mark.parametrize(("leave", "code", "status"), [("SystemExit(3)", 1, "failed"), ("SystemExit", 0, "stopped")])
def test_a_bot_that_leaves_by_itself(lab: Lab, leave: str, code: int, status: str) -> None:
    lab.calm(5)
    ended = lab.backtest(
        speaking(f"""
        def on_start(self):
            time.sleep(2.5)
            raise {leave}
        def quote_update(self, *event):
            self.say()
        """)
    )
    assert "sys.exit" in reason(ended, code, status)
    assert said(ended.result) == [[20], [1_020], [2_020]]


@pytest.mark.parametrize(
    ("body", "thread"),
    [
        ("def on_start(self):\n    while True: pass", "MainThread"),
        ("def quote_update(self, src, sym, data):\n    while True: pass", "dispatch"),
        ("def on_start(self):\n    self.create_thread(self.spin)\ndef spin(self):\n    while True: pass", "spin"),
        ("def on_start(self):\n    while not self.epoch_now > T0 + 10_000: pass", "MainThread"),
    ],
)
def test_a_busy_loop_is_named_within_the_patience(lab: Lab, body: str, thread: str) -> None:
    lab.calm(3)
    source = speaking(body)
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "while" in text)
    told = reason(lab.backtest(source, "--patience", "0.5"))
    assert f'{thread}" has been busy at' in told
    assert f"bot.py:{line}" in told


def test_a_deadlock_is_told_with_where_everyone_waits(lab: Lab) -> None:
    lab.calm(3)
    source = speaking("""
        def quote_update(self, src, sym, data):
            self.other = threading.Thread(target=self.wait, name="other")
            self.other.start()
            self.other.join()
        def wait(self):
            threading.Event().wait()
        """)
    told = reason(lab.backtest(source))
    assert "waits and nothing will wake it" in told
    for text in ("self.other.join()", "threading.Event().wait()"):
        line = next(number for number, each in enumerate(source.splitlines(), 1) if text in each)
        assert f"bot.py:{line}" in told


def test_a_callback_that_waits_beyond_the_data_ends_the_run_well(lab: Lab) -> None:
    lab.calm(3)
    result = lab.play(
        speaking("""
        def quote_update(self, src, sym, data):
            self.say()
            time.sleep(3600)
        """)
    )
    assert (result.run.status, said(result), result.run.to) == ("completed", [[20]], T0 + 3_000)


@pytest.mark.parametrize("where", ["quote_update", "trade_update", "on_start"])
def test_ctrl_c_ends_the_run_with_what_there_is(lab: Lab, where: str) -> None:
    lab.calm(600)
    ended = lab.backtest(
        speaking(f"""
        def {where}(self, *event):
            if self.epoch_now >= T0 + 2_000 or not event:
                import os, signal
                os.kill(os.getpid(), signal.SIGINT)
        """),
        "--report",
        "r.html",
    )
    assert reason(ended, 130, "interrupted") == "interrupted by Ctrl-C"
    assert ended.result.run.events < 10
    assert (lab.folder / "r.html").stat().st_size > 100_000


def test_ctrl_c_reaches_a_bot_without_callbacks(lab: Lab) -> None:
    lab.calm(600)
    ended = lab.backtest(
        speaking("""
        def on_start(self):
            time.sleep(2.5)
            import os, signal
            os.kill(os.getpid(), signal.SIGINT)
        """)
    )
    assert reason(ended, 130, "interrupted")
    assert ended.result.run.events <= 6


def test_threads_end_with_the_run_and_their_finally_blocks_run(lab: Lab) -> None:
    lab.calm(2)
    result = lab.play(
        speaking("""
        def on_start(self):
            try:
                while True:
                    time.sleep(0.7)
            finally:
                self.say("cleaned up")
        """)
    )
    assert [what for what, _ in said(result)] == ["cleaned up"]
    assert result.run.status == "completed"


def test_a_bot_that_reaches_outside_is_warned_once(lab: Lab) -> None:
    lab.calm(2)
    source = speaking("""
        def quote_update(self, *event):
            import subprocess
            subprocess.run(["true"])
        """)
    [line] = lab.play(source).log
    number = next(number for number, each in enumerate(source.splitlines(), 1) if "subprocess.run" in each)
    assert line.level == "WARNING"
    assert f"bot.py:{number} reaches out of the backtest: another program" in line.message


def test_what_one_callback_of_a_trade_raises_leaves_the_others_alone(lab: Lab) -> None:
    lab.calm(3)
    body = """
        def trade_update(self, src, sym, data):
            raise ValueError("trade")
        def candle_update_1m(self, src, sym, bars):
            raise ValueError("minute")
        def candle_update_5m(self, src, sym, bars):
            self.say()
        """
    result = lab.play(speaking(body))
    assert len(said(result)) == 3
    told = [line.message.partition("\n")[0] for line in result.log if line.level == "ERROR"]
    assert told == ["trade_update raised an exception", "candle_update_1m raised an exception"] * 3


def test_an_error_that_repeats_is_told_with_its_traceback_ten_times(lab: Lab) -> None:
    lab.calm(30)
    result = lab.play(speaking("def quote_update(self, *event):\n    raise ValueError('again')"))
    errors = [line.message for line in result.log if line.level == "ERROR"]
    assert len(errors) == 31
    assert [error.count("Traceback") for error in errors] == [1] * 10 + [0] * 21
    assert errors[-1].endswith("ValueError: again (the same line as before)")


def test_a_stack_is_cut_to_the_frames_of_the_bot(tmp_path: Path) -> None:
    inside = f'  File "{tmp_path}/bot.py", line 6, in spin\n    pass\n'
    outside = '  File "/usr/lib/runpy.py", line 1\n    run()\n'
    assert own_frames(outside + inside, tmp_path) == inside.rstrip("\n")
    assert own_frames(outside, tmp_path) == outside
