"""The catalog: shipped terms, imported rows over them, and help where a symbol is not known."""

import json
from pathlib import Path

import pytest

from tests.venues.captures import capture
from ticklink.model.errors import DataError, InputError
from ticklink.storage.instruments import catalog, import_instruments

ROW = {
    "id": "NEW-USD",
    "base_currency": "NEW",
    "quote_currency": "USD",
    "quote_increment": "0.1",
    "base_increment": "1",
}


def imported(tmp_path: Path, text: str, src: str = "coinbasepro") -> list[str]:
    file = tmp_path / "reply.txt"
    file.write_text(text)
    return import_instruments(tmp_path / "data", src, file)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ROW]),
        json.dumps(ROW),
        json.dumps({"success": True, "data": {"rows": [ROW]}}),
        f"https://api.exchange.coinbase.com/products -> 1618677816.84: {json.dumps([ROW])}\nconfiguration: {{}}\n",
    ],
    ids=["list", "row", "rows", "capture"],
)
def test_replies_in_any_form_are_taken(tmp_path: Path, text: str) -> None:
    assert imported(tmp_path, text) == ["NEW-USD"]
    assert catalog(tmp_path / "data")("coinbasepro", "NEW-USD").base == "NEW"


def test_imported_rows_go_over_shipped_and_earlier_ones_and_the_rest_stay(tmp_path: Path) -> None:
    imported(tmp_path, json.dumps([ROW | {"id": "BTC-USD"}, ROW]))
    imported(tmp_path, json.dumps([ROW | {"quote_increment": "0.5"}]))
    lookup = catalog(tmp_path / "data")
    assert str(lookup("coinbasepro", "NEW-USD").tick) == "0.5"
    assert lookup("coinbasepro", "BTC-USD").base == "NEW"
    assert lookup("coinbasepro", "ETH-USD").base == "ETH"


def test_importing_again_leaves_the_file_untouched(tmp_path: Path) -> None:
    imported(tmp_path, json.dumps([ROW]))
    path = tmp_path / "data" / "coinbasepro" / "instruments.json"
    before = path.stat().st_ino
    imported(tmp_path, json.dumps([ROW]))
    assert path.stat().st_ino == before


def test_recorded_replies_are_taken(tmp_path: Path) -> None:
    assert len(import_instruments(tmp_path, "bitmex", capture("bitmex/cryptofeed_BITMEX.0.txt"))) == 34
    assert len(import_instruments(tmp_path, "coinbasepro", capture("coinbasepro/cryptofeed_COINBASE.0.txt"))) == 162
    assert catalog(tmp_path)("bitmex", "UNIUSDT").kind == "quanto"


def test_an_exchange_without_a_form_of_its_own_takes_our_fields(tmp_path: Path) -> None:
    row = {
        "sym": "BTC/USDT",
        "kind": "spot",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "tick": 0.01,
        "lot": "0.001",
    }
    assert imported(tmp_path, json.dumps([row]), src="binance") == ["BTC/USDT"]
    terms = catalog(tmp_path / "data")("binance", "BTC/USDT")
    assert (str(terms.tick), terms.native["tick"]) == ("0.01", 0.01)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[1]",
        "hello",
        "a -> 1.0: nothing",
        "[" * 9999,
        json.dumps([{"id": "X"}]),
        json.dumps([ROW | {"id": 1}]),
        json.dumps([ROW, ROW | {"id": "B", "quote_increment": "x"}]),
    ],
)
def test_damaged_files_are_told_and_nothing_is_kept(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"reply\.txt"):
        imported(tmp_path, text)
    assert not (tmp_path / "data").exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        import_instruments(tmp_path, "bitmex", tmp_path / "none.json")


def test_a_damaged_catalog_is_told_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "bitmex").mkdir()
    for text in ("[", '[{"symbol": "X"}]'):
        (tmp_path / "bitmex" / "instruments.json").write_text(text)
        with pytest.raises(DataError, match=r"instruments\.json"):
            catalog(tmp_path)


def test_an_unknown_symbol_is_told_with_near_ones_and_the_way_to_add_it() -> None:
    with pytest.raises(
        InputError, match=r"'XBTUSDX' is not known; near it: XBTUSD.*ticklink import --src bitmex --instruments"
    ):
        catalog()("bitmex", "XBTUSDX")


def test_an_unknown_exchange_is_told_with_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"no instruments of exchange 'kraken' are known .known: bitmex, coinbasepro, woo"
    ):
        catalog()("kraken", "BTC/USD")
