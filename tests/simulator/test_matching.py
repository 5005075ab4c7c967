"""The order book, rule by rule."""

import pytest

from ticklink.simulator.matching import Book, Match, Resting

BUY, SELL = 1, -1


def taken(matches: list[Match]) -> list[tuple[object, int, int, bool]]:
    return [(match.maker.ref, match.ticks, match.lots, match.maker_is_done) for match in matches]


@pytest.fixture
def book() -> Book:
    """Bids at 99 (a then b) and 97, asks at 101 and 104 (d then e)."""
    book = Book()
    for side, ticks, lots, ref in (
        (1, 99, 5, "a"),
        (1, 99, 3, "b"),
        (1, 97, 9, "z"),
        (-1, 101, 4, "c"),
        (-1, 104, 2, "d"),
    ):
        book.rest(side, ticks, lots, ref)
    book.rest(SELL, 104, 6, "e")
    return book


def test_an_empty_book_has_no_best_price_and_nothing_to_take() -> None:
    book = Book()
    assert (book.best_bid(), book.best_ask()) == (None, None)
    assert book.levels(BUY, 5) == []
    assert book.available(BUY, None, 10) == 0
    assert book.take(SELL, None, 10) == []


def test_best_prices_levels_and_depth(book: Book) -> None:
    assert (book.best_bid(), book.best_ask()) == (99, 101)
    assert book.levels(BUY, 5) == [(99, 8), (97, 9)]
    assert book.levels(SELL, 1) == [(101, 4)]
    assert (book.depth(SELL, 104), book.depth(SELL, 103), book.depth(BUY, 104)) == (8, 0, 0)


def test_a_queue_is_told_oldest_first(book: Book) -> None:
    assert [order.ref for order in book.queue(SELL, 104)] == ["d", "e"]
    assert book.queue(BUY, 98) == []


def test_a_taker_takes_the_best_price_first_and_the_oldest_first(book: Book) -> None:
    assert taken(book.take(SELL, None, 12)) == [("a", 99, 5, True), ("b", 99, 3, True), ("z", 97, 4, False)]
    assert book.levels(BUY, 5) == [(97, 5)]


def test_a_taker_stops_at_its_limit(book: Book) -> None:
    assert taken(book.take(BUY, 103, 10)) == [("c", 101, 4, True)]
    assert (book.best_bid(), book.best_ask()) == (99, 104)


def test_a_taker_at_its_limit_price_trades_there(book: Book) -> None:
    assert taken(book.take(BUY, 104, 5)) == [("c", 101, 4, True), ("d", 104, 1, False)]


def test_a_partly_matched_order_keeps_its_place(book: Book) -> None:
    book.take(SELL, None, 1)
    book.rest(BUY, 99, 1, "late")
    assert taken(book.take(SELL, None, 9)) == [
        ("a", 99, 4, True),
        ("b", 99, 3, True),
        ("late", 99, 1, True),
        ("z", 97, 1, False),
    ]


@pytest.mark.parametrize(
    ("side", "limit", "at_most", "expected"),
    [
        (BUY, None, 100, 12),
        (BUY, 103, 100, 4),
        (BUY, 100, 100, 0),
        (BUY, None, 5, 5),
        (SELL, 98, 100, 8),
        (SELL, 97, 100, 17),
    ],
)
def test_available_is_what_take_would_take(
    book: Book, side: int, limit: int | None, at_most: int, expected: int
) -> None:
    assert book.available(side, limit, at_most) == expected
    assert sum(match.lots for match in book.take(side, limit, at_most)) == expected


def test_resting_where_it_would_trade_is_an_error(book: Book) -> None:
    with pytest.raises(ValueError, match="would cross the best opposite price, 101"):
        book.rest(BUY, 101, 1)
    with pytest.raises(ValueError, match="would cross the best opposite price, 99"):
        book.rest(SELL, 98, 1)
    assert book.levels(BUY, 1) == [(99, 8)]


def test_removing_from_the_front_the_middle_and_the_end_of_a_queue() -> None:
    book = Book()
    orders = [book.rest(BUY, 10, 1, ref) for ref in "abcde"]
    for index in (0, 2, 4):
        book.remove(orders[index])
    assert [match.maker.ref for match in book.take(SELL, None, 5)] == ["b", "d"]
    assert book.best_bid() is None


def test_removing_the_last_order_at_the_touch_uncovers_the_next_price(book: Book) -> None:
    best = book.rest(SELL, 100, 1)
    assert book.best_ask() == 100
    book.remove(best)
    assert book.best_ask() == 101
    assert not best.is_resting


def test_a_price_away_from_the_touch_can_empty(book: Book) -> None:
    far = book.rest(SELL, 102, 1)
    book.remove(far)
    assert book.levels(SELL, 5) == [(101, 4), (104, 8)]


def test_reducing_keeps_the_place_and_ahead_sees_it() -> None:
    book = Book()
    first, second = book.rest(BUY, 10, 5, "first"), book.rest(BUY, 10, 4, "second")
    assert (book.ahead(first), book.ahead(second)) == (0, 5)
    book.reduce(first, 2)
    assert book.ahead(second) == 2
    assert book.depth(BUY, 10) == 6
    assert taken(book.take(SELL, None, 3)) == [("first", 10, 2, True), ("second", 10, 1, False)]
    assert book.ahead(second) == 0


@pytest.mark.parametrize("lots", [0, -1, 6])
def test_an_order_is_reduced_only_to_fewer_lots(lots: int) -> None:
    book = Book()
    with pytest.raises(ValueError, match="can be reduced to between 1 and 5 lots"):
        book.reduce(book.rest(BUY, 10, 5), lots)


@pytest.mark.parametrize("lots", [0, -3])
def test_an_order_of_no_lots_cannot_rest(lots: int) -> None:
    with pytest.raises(ValueError, match="cannot rest"):
        Book().rest(BUY, 10, lots)


def test_an_order_that_does_not_rest_here_is_an_error(book: Book) -> None:
    gone = book.rest(BUY, 90, 1)
    book.remove(gone)
    elsewhere = Book().rest(BUY, 99, 1)
    for stranger in (gone, elsewhere, Resting(BUY, 99, 1)):
        for call in (book.remove, book.ahead, lambda order: book.reduce(order, 1)):
            with pytest.raises(ValueError, match="does not rest in this book"):
                call(stranger)


def test_a_matched_order_no_longer_rests(book: Book) -> None:
    maker = book.take(BUY, None, 4)[0].maker
    assert (maker.lots, maker.is_resting) == (0, False)
    with pytest.raises(ValueError, match="does not rest"):
        book.remove(maker)


def test_a_side_is_plus_or_minus_one(book: Book) -> None:
    with pytest.raises(ValueError, match="a side is"):
        book.depth(0, 99)
