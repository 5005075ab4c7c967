"""Where a backtest's bot keeps its files, and where the command line's own files go."""

from pathlib import Path

from tests.backtest.lab import Lab, said

KEEPS = """
    from pathlib import Path
    from ticklink import Link

    class Trading(Link):
        def on_start(self):
            self.publish("found", [path.name for path in Path.cwd().iterdir()])
            Path("state.json").write_text("{}")
"""


def test_a_bot_finds_a_fresh_working_directory_on_every_run(lab: Lab) -> None:
    lab.calm(2)
    bot = lab.bot(KEEPS)
    assert [said(lab.play(bot), "found") for _ in range(2)] == [[[]], [[]]]
    assert not (lab.folder / ".ticklink").exists()


def test_a_working_directory_that_was_named_is_kept(lab: Lab) -> None:
    lab.calm(2)
    bot, home = lab.bot(KEEPS), lab.folder / "home"
    found = [said(lab.play(bot, "--workdir", "home"), "found") for _ in range(2)]
    assert found == [[[]], [["state.json"]]]
    assert (home / "state.json").read_text() == "{}"


def test_report_and_json_go_where_the_command_was_given(lab: Lab) -> None:
    lab.calm(2)
    bot = lab.bot(KEEPS)
    words = ["backtest", str(bot), "--data", "data", "--market", "bitmex:XBTUSD", "--venue", "BitMEX=bitmex"]
    ended = lab.command(*words, "--json", "out.json", "--report", "reports/r.html", "--workdir", "home")
    assert (ended.code, ended.errors) == (0, "")
    made = {path.relative_to(lab.folder) for path in lab.folder.rglob("*") if path.suffix in (".json", ".html")}
    assert made == {Path("out.json"), Path("reports/r.html"), Path("home/state.json")}
