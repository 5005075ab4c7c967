"""BitMEX's account calls over a simulated exchange: positions, margin, wallet, and who is asking."""

from itertools import groupby
from typing import Any

import msgspec

from ticklink.model.money import Contract
from ticklink.simulator.accounts import Entry
from ticklink.simulator.bitmex_params import Params, invalid, missing
from ticklink.simulator.bitmex_queries import Query, Row, Table
from ticklink.simulator.bitmex_rows import ACCOUNT, currency, position_row, quantity
from ticklink.simulator.bitmex_tickets import BAD_SYMBOL
from ticklink.simulator.exchange import Exchange, Seat
from ticklink.simulator.margin import MarginSummary
from ticklink.simulator.orders import BUY, SELL
from ticklink.simulator.rules import Rejected
from ticklink.venues.bitmex import rows as wire
from ticklink.venues.timestamps import ns_to_iso

NS_PER_DAY = 86_400_000_000_000
SETTLED_AT_NS = NS_PER_DAY // 2
"""[M] Realised profit is booked once a day, at 12:00 UTC."""

DEFAULT_CURRENCY = "XBt"
MOST_HISTORY = 10_000
LARGEST_LEVERAGE = 100
ISOLATED = "{name} is invalid: isolated margin is not simulated; send {cross} for cross margin"

POSITIONS = Table(frozenset(wire.PositionRow.__struct_fields__), ("account", "symbol", "currency"))

KINDS = {"deposit": "Deposit", "trade": "SpotTrade"}
"""`transactType` by the ledger's kinds; all others are RealisedPNL."""


class AccountDesk:
    """Each method answers one call with a row or rows, or raises Rejected."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    # Positions

    def positions(self, params: Params) -> list[Row]:
        """Of every contract that was ever ordered, flat ones too."""
        exchange = self._exchange
        query = Query.of(params, POSITIONS, [seat.contract.instrument for seat in exchange.seats.values()])
        exchange.set_marks()
        syms = list(exchange.account.positions)
        return query.answer(self._position(sym) for sym in (reversed(syms) if query.reverse else syms))

    def set_leverage(self, params: Params) -> Row:
        """0 is cross margin, which is what is simulated."""
        seat = self._derivative(params)
        leverage = params.number("leverage")
        if leverage is None:
            raise missing("leverage")
        if not 0 <= leverage <= LARGEST_LEVERAGE:
            raise invalid("leverage")
        if leverage:
            raise Rejected(ISOLATED.format(name="leverage", cross="0"))
        return self._position_of(seat)

    def isolate(self, params: Params) -> Row:
        seat = self._derivative(params)
        if params.flag("enabled", default=True):
            raise Rejected(ISOLATED.format(name="enabled", cross="false"))
        return self._position_of(seat)

    def _derivative(self, params: Params) -> Seat:
        given = params.text("symbol")
        if not given:
            raise missing("symbol")
        for sym, seat in self._exchange.seats.items():
            if sym.upper() == given.upper() and not seat.contract.is_spot:
                return seat
        raise Rejected(BAD_SYMBOL)

    def _position_of(self, seat: Seat) -> Row:
        """Opens the account's book of a contract that was never traded, flat."""
        account, contract = self._exchange.account, seat.contract
        if contract.sym not in account.positions:
            account.set_mark(contract, self._exchange.mark_ticks(contract.sym) or 0)
        self._exchange.set_marks()
        return self._position(contract.sym)

    def _position(self, sym: str) -> Row:
        exchange = self._exchange
        account, contract = exchange.account, exchange.seats[sym].contract
        mark = exchange.mark_ticks(sym)
        row = position_row(
            account.positions[sym],
            None if mark is None else contract.instrument.price(mark),
            account.liquidation_price(sym),
            exchange.now_ns,
            account.bankruptcy_price(sym),
        )
        return row | self._open_orders(contract)

    def _open_orders(self, contract: Contract) -> Row:
        named = {BUY: "openOrderBuy", SELL: "openOrderSell"}
        totals: Row = {}
        for side, name in named.items():
            orders = [
                order
                for order in self._exchange.open_orders.values()
                if order.sym == contract.sym and order.side == side and order.triggered and order.ticks
            ]
            lots = sum(order.remaining for order in orders)
            totals[f"{name}Qty"] = quantity(contract.instrument, lots)
            totals[f"{name}Cost"] = sum(contract.cost(order.ticks or 0, side * order.remaining) for order in orders)
        return totals

    # Money

    def margin(self, params: Params) -> Row | list[Row]:
        """One currency's row, or all as a list."""
        self._exchange.set_marks()
        assets = self._assets(params)
        rows = [self._margin(asset) for asset in assets]
        return rows if params.text("currency") == "all" else rows[0]

    def wallet(self, params: Params) -> Row | list[Row]:
        rows = [self._wallet(asset) for asset in self._assets(params)]
        return rows if params.text("currency") == "all" else rows[0]

    def wallet_history(self, params: Params) -> list[Row]:
        """Deposits one by one, everything else in sums per contract and day; newest first."""
        assets = self._assets(params)
        count, start = params.whole("count", MOST_HISTORY), params.whole("start", 0)
        if count is None or not 0 < count <= MOST_HISTORY:
            raise invalid("count")
        if start is None or start < 0:
            raise invalid("start")
        rows = [row for asset in assets for row in self._transactions(asset)]
        rows.sort(key=lambda row: str(row["transactTime"]), reverse=params.flag("reverse", default=True))
        return rows[start : start + count]

    def assets(self, _params: Params) -> list[Row]:
        return [
            {
                "asset": asset,
                "currency": currency(asset),
                "majorCurrency": asset,
                "name": asset,
                "currencyType": "Crypto",
                "scale": scale,
                "enabled": True,
                "isMarginCurrency": is_margin,
                "networks": [],
            }
            for asset, (scale, is_margin) in self._known_assets().items()
        ]

    def user(self, _params: Params) -> Row:
        account = self._exchange.account
        return {
            "id": ACCOUNT,
            "username": account.venue,
            "isUser": True,
            "email": "",
            "TFAEnabled": "",
            "typ": "simulated",
        }

    def commission(self, _params: Params) -> Row:
        """The rates of this run, per symbol."""
        rows: Row = {}
        for sym, seat in self._exchange.seats.items():
            maker, taker = (rate[0] / rate[1] for rate in (seat.maker_rate, seat.taker_rate))
            rows[sym] = {"makerFee": maker, "takerFee": taker, "settlementFee": 0, "maxFee": taker}
        return rows

    def _known_assets(self) -> dict[str, tuple[int, bool]]:
        """{asset: (decimals of its ledger, does it back derivatives)}"""
        known: dict[str, tuple[int, bool]] = dict.fromkeys(self._exchange.account.wallets, (8, False))
        for seat in self._exchange.seats.values():
            contract, instrument = seat.contract, seat.contract.instrument
            if contract.is_spot:
                known[instrument.base] = (instrument.base_scale, known.get(instrument.base, (0, False))[1])
            is_margin = not contract.is_spot or known.get(contract.asset, (0, False))[1]
            known[contract.asset] = (contract.asset_scale, is_margin)
        return known

    def _assets(self, params: Params) -> list[str]:
        given = params.text("currency", DEFAULT_CURRENCY)
        known = {currency(asset): asset for asset in self._known_assets()}
        if given == "all":
            return list(known.values())
        if given not in known and given != DEFAULT_CURRENCY:
            raise invalid("currency")
        return [known.get(given, "XBT")]

    def _margin(self, asset: str) -> Row:
        summary = self._exchange.account.margin(asset)
        worth = self._mark_values(asset)
        balance = summary.margin_balance
        return margin_fields(summary) | {
            "grossComm": sum(position.fees for position in self._positions_in(asset)),
            "grossMarkValue": worth,
            "riskValue": worth,
            "marginLeverage": worth / balance if balance > 0 else 0.0,
            "marginUsedPcnt": (summary.init_margin + summary.position_margin) / balance if balance > 0 else 0.0,
            "timestamp": ns_to_iso(self._exchange.now_ns),
        }

    def _positions_in(self, asset: str) -> list[Any]:
        return [each for each in self._exchange.account.positions.values() if each.contract.asset == asset]

    def _mark_values(self, asset: str) -> int:
        total = 0
        for position in self._positions_in(asset):
            mark = self._exchange.mark_ticks(position.contract.sym) if position.lots else None
            total += abs(position.contract.value(mark, position.lots)) if mark else 0
        return total

    def _wallet(self, asset: str) -> Row:
        account = self._exchange.account
        return {
            "account": ACCOUNT,
            "currency": currency(asset),
            "deposited": account.margin(asset).amount,
            "withdrawn": 0,
            "transferIn": 0,
            "transferOut": 0,
            "amount": account.wallets.get(asset, 0),
            "pendingCredit": 0,
            "pendingDebit": 0,
            "confirmedDebit": 0,
            "timestamp": ns_to_iso(self._exchange.now_ns),
        }

    def _transactions(self, asset: str) -> list[Row]:
        entries = [entry for entry in self._exchange.account.ledger if entry.asset == asset]
        rows, balance = [], 0
        for number, (_, group) in enumerate(groupby(sorted(entries, key=_booking), key=_booking)):
            booked = list(group)
            amount = sum(entry.amount for entry in booked)
            balance += amount
            rows.append(_transaction(number, booked, amount, balance, self._exchange.now_ns))
        return rows


def margin_fields(summary: MarginSummary) -> Row:
    """A margin row, as far as the account itself knows it."""
    named = msgspec.structs.asdict(summary)
    return {
        "account": ACCOUNT,
        "currency": currency(summary.asset),
        "riskLimit": None,
        "state": "",
        "amount": named["amount"],
        "prevRealisedPnl": 0,
        "grossComm": 0,
        "grossOpenCost": 0,
        "grossExecCost": 0,
        "grossMarkValue": 0,
        "riskValue": 0,
        "initMargin": summary.init_margin,
        "maintMargin": summary.position_margin,
        "realisedPnl": summary.realised_pnl,
        "unrealisedPnl": summary.unrealised_pnl,
        "walletBalance": summary.wallet_balance,
        "marginBalance": summary.margin_balance,
        "excessMargin": summary.available_margin,
        "availableMargin": summary.available_margin,
        "withdrawableMargin": summary.withdrawable_margin,
    }


def _booking(entry: Entry) -> tuple[int, str, str, int]:
    """When, as what and of which contract an entry is booked; deposits by themselves."""
    kind = KINDS.get(entry.kind, "RealisedPNL")
    if kind == "Deposit":
        return entry.time_ns, "", kind, entry.amount
    return _settled_ns(entry.time_ns), entry.sym, kind, 0


def _settled_ns(time_ns: int) -> int:
    """The next daily settlement."""
    return (time_ns + SETTLED_AT_NS) // NS_PER_DAY * NS_PER_DAY + SETTLED_AT_NS


def _transaction(number: int, booked: list[Entry], amount: int, balance: int, now_ns: int) -> Row:
    when_ns, sym, kind, _ = _booking(booked[0])
    is_due = when_ns <= now_ns
    time = ns_to_iso(min(when_ns, now_ns))
    return {
        "transactID": f"{number:08x}-0000-4000-c000-{when_ns % 16**12:012x}",
        "account": ACCOUNT,
        "currency": currency(booked[0].asset),
        "network": "",
        "transactType": kind,
        "amount": amount,
        "fee": 0,
        "transactStatus": "Completed" if is_due else "Pending",
        "address": sym,
        "tx": "",
        "text": "",
        "transactTime": time,
        "walletBalance": balance,
        "timestamp": time,
    }
