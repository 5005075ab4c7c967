"""Random programs for tests/fuzz/actor.py.txt: what a bot could do, sensible or not."""

from typing import Any

from hypothesis import strategies as st

Step = tuple[Any, ...]

MARKETS = (("bitmex", "XBTUSD"), ("bitmex", "ETHUSD"), ("coinbasepro", "BTC-USD"))
VENUES = ("BitMEX", "Coinbase")

sides = st.sampled_from(["Buy", "Sell"])
markets = st.sampled_from(MARKETS)
indexes = st.integers(0, 40)
sizes = st.one_of(st.integers(1, 60), st.sampled_from([0.5, 1_000, 100_000, 0, -1]))
offsets = st.one_of(st.integers(-60, 60), st.sampled_from([-5_000, 5_000, 0.3]))
options = st.fixed_dictionaries(
    {},
    optional={
        "post_only": st.booleans(),
        "reduce_only": st.booleans(),
        "time_in_force": st.sampled_from(["GTC", "IOC", "FOK"]),
        "client_order_id": st.sampled_from(["a", "b"]),
    },
)
orders = st.fixed_dictionaries(
    {"symbol": st.sampled_from(["XBTUSD", "ETHUSD"])},
    optional={
        "side": sides,
        "orderQty": st.sampled_from([100, 300, -200, 5_000, 50, "100"]),
        "ordType": st.sampled_from(
            ["Limit", "Market", "Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched", "Pegged"]
        ),
        "offset": st.tuples(st.integers(-40, 40), st.sampled_from(["price", "stopPx"])),
        "price": st.sampled_from([60_000, 3_000.05, 0.03]),
        "execInst": st.sampled_from(
            ["ParticipateDoNotInitiate", "ReduceOnly", "Close", "LastPrice", "Close,MarkPrice"]
        ),
        "timeInForce": st.sampled_from(["GoodTillCancel", "ImmediateOrCancel", "FillOrKill", "Day"]),
        "clOrdID": st.sampled_from(["a", "b", "c"]),
    },
)
amendments = st.fixed_dictionaries(
    {"orderID": indexes},
    optional={
        "orderQty": st.sampled_from([100, 400, 700]),
        "leavesQty": st.sampled_from([0, 100, 500]),
        "offset": st.tuples(st.integers(-40, 40), st.sampled_from(["price", "stopPx"])),
    },
)
open_only: Any = st.fixed_dictionaries({}, optional={"filter": st.just({"open": True}), "count": st.integers(0, 5)})

native = st.one_of(
    st.tuples(st.just("native"), st.just("POST"), st.just("order"), orders),
    st.tuples(st.just("native"), st.just("PUT"), st.just("order"), amendments),
    st.tuples(st.just("native"), st.just("DELETE"), st.just("order"), st.fixed_dictionaries({"orderID": indexes})),
    st.tuples(st.just("native"), st.just("DELETE"), st.just("order/all"), st.just({})),
    st.tuples(st.just("native"), st.just("POST"), st.just("order/closePosition"), st.just({"symbol": "XBTUSD"})),
    st.tuples(st.just("native"), st.just("POST"), st.just("order/cancelAllAfter"), st.just({"timeout": 3_000})),
    st.tuples(
        st.just("native"),
        st.just("GET"),
        st.sampled_from(["order", "position", "execution", "user/margin", "user/walletHistory", "nowhere"]),
        open_only,
    ),
)
unified = st.one_of(
    st.tuples(st.just("limit"), markets, sides, sizes, offsets, options),
    st.tuples(st.just("market"), markets, sides, sizes, options),
    st.tuples(
        st.just("amend"),
        st.sampled_from(VENUES),
        indexes,
        st.sampled_from([None, 100, 300, 0.002, 7]),
        st.sampled_from([None, 60_000.0, 64_000.0, 3_000.0]),
    ),
    st.tuples(
        st.just("cancel"), st.sampled_from(VENUES), st.none() | indexes, st.sampled_from([None, "XBTUSD", "BTC-USD"])
    ),
    st.tuples(st.just("fetch"), st.sampled_from(["open_orders", "positions", "balances"]), st.sampled_from(VENUES)),
    st.just(("fetch", "candles", "BitMEX", "XBTUSD")),
)
steps = st.one_of(unified, unified, native)
pauses = st.tuples(st.just("sleep"), st.sampled_from([0, 0.005, 0.7, 5, 20]))
reactions = st.dictionaries(st.integers(1, 400), st.one_of(steps, steps, pauses), max_size=8)

programs = st.fixed_dictionaries(
    {
        "threads": st.lists(st.lists(st.one_of(steps, steps, pauses), min_size=1, max_size=10), min_size=1, max_size=3),
        "timers": st.lists(st.tuples(st.sampled_from([0.5, 2.02, 10, 55.5]), steps), max_size=3),
        "quotes": reactions,
        "fills": st.dictionaries(st.integers(1, 20), steps, max_size=3),
    }
)
arguments = st.tuples(
    st.sampled_from(["0ms", "20ms", "5ms,40ms", "1ms~30ms"]),
    st.sampled_from(["back", "touch"]),
    st.sampled_from(["published", "maker=-0.02%,taker=0.3%"]),
    st.sampled_from(["XBT=1", "XBT=0.001", "XBT=0.00002"]),
)
