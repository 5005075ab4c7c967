"""BitMEX's rows, of its tables and REST replies alike, as types.

Every field but the keys may be absent (an update carries what changed, and the newer engine drops what is empty) or null;
the two differ, and both survive a round trip. Amounts of money are integers in the settle asset's smallest unit (XBt is
1e-8 XBT, USDt 1e-6 USDT), quantities are contracts. Fields not listed are ignored. Sources: the published API description
1.2.0 and the venue's websocket documentation.
"""

# ruff: noqa: N815  the fields have the venue's names
import msgspec
from msgspec import UNSET, UnsetType

Number = float | None | UnsetType
Whole = int | None | UnsetType
Text = str | None | UnsetType
Flag = bool | None | UnsetType


class Row(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A row of any table."""


class QuoteRow(Row, frozen=True):
    timestamp: str
    symbol: str
    bidSize: Number = UNSET
    bidPrice: Number = UNSET
    askPrice: Number = UNSET
    askSize: Number = UNSET


class TradeRow(Row, frozen=True):
    """`side` is the taker's; an index publishes trades of size 0."""

    timestamp: str
    symbol: str
    side: Text = UNSET
    size: Number = UNSET
    price: Number = UNSET
    tickDirection: Text = UNSET
    trdMatchID: Text = UNSET
    grossValue: Whole = UNSET
    homeNotional: Number = UNSET
    foreignNotional: Number = UNSET
    trdType: Text = UNSET


class BookRow(Row, frozen=True):
    """A level of orderBookL2. Updates and deletes know their price only by `id`, before 2023 without exception."""

    symbol: str
    id: int
    side: str
    size: Number = UNSET
    price: Number = UNSET
    timestamp: Text = UNSET


class OrderRow(Row, frozen=True):
    orderID: str
    clOrdID: Text = UNSET
    clOrdLinkID: Text = UNSET
    account: Whole = UNSET
    symbol: Text = UNSET
    side: Text = UNSET
    orderQty: Whole = UNSET
    price: Number = UNSET
    displayQty: Whole = UNSET
    stopPx: Number = UNSET
    pegOffsetValue: Number = UNSET
    pegPriceType: Text = UNSET
    currency: Text = UNSET
    settlCurrency: Text = UNSET
    ordType: Text = UNSET
    timeInForce: Text = UNSET
    execInst: Text = UNSET
    contingencyType: Text = UNSET
    ordStatus: Text = UNSET
    triggered: Text = UNSET
    workingIndicator: Flag = UNSET
    ordRejReason: Text = UNSET
    leavesQty: Whole = UNSET
    cumQty: Whole = UNSET
    avgPx: Number = UNSET
    text: Text = UNSET
    transactTime: Text = UNSET
    timestamp: Text = UNSET
    error: Text = UNSET
    """In the reply to a cancel of an order that is done already (with HTTP 200)."""


class ExecutionRow(Row, frozen=True):
    """A fill where execType is Trade, Liquidation or Bankruptcy; else a change of the order."""

    execID: str
    orderID: Text = UNSET
    clOrdID: Text = UNSET
    clOrdLinkID: Text = UNSET
    account: Whole = UNSET
    symbol: Text = UNSET
    side: Text = UNSET
    lastQty: Whole = UNSET
    lastPx: Number = UNSET
    lastLiquidityInd: Text = UNSET
    orderQty: Whole = UNSET
    price: Number = UNSET
    displayQty: Whole = UNSET
    stopPx: Number = UNSET
    pegOffsetValue: Number = UNSET
    pegPriceType: Text = UNSET
    currency: Text = UNSET
    settlCurrency: Text = UNSET
    execType: Text = UNSET
    ordType: Text = UNSET
    timeInForce: Text = UNSET
    execInst: Text = UNSET
    contingencyType: Text = UNSET
    ordStatus: Text = UNSET
    triggered: Text = UNSET
    workingIndicator: Flag = UNSET
    ordRejReason: Text = UNSET
    leavesQty: Whole = UNSET
    cumQty: Whole = UNSET
    avgPx: Number = UNSET
    commission: Number = UNSET
    feeType: Text = UNSET
    tradePublishIndicator: Text = UNSET
    text: Text = UNSET
    trdMatchID: Text = UNSET
    execCost: Whole = UNSET
    execComm: Whole = UNSET
    homeNotional: Number = UNSET
    foreignNotional: Number = UNSET
    transactTime: Text = UNSET
    timestamp: Text = UNSET


class PositionRow(Row, frozen=True):
    """`currentQty` is signed."""

    account: int
    symbol: str
    currency: Text = UNSET
    underlying: Text = UNSET
    quoteCurrency: Text = UNSET
    commission: Number = UNSET
    initMarginReq: Number = UNSET
    maintMarginReq: Number = UNSET
    riskLimit: Whole = UNSET
    leverage: Number = UNSET
    crossMargin: Flag = UNSET
    deleveragePercentile: Number = UNSET
    rebalancedPnl: Whole = UNSET
    prevRealisedPnl: Whole = UNSET
    prevUnrealisedPnl: Whole = UNSET
    openingQty: Whole = UNSET
    openOrderBuyQty: Whole = UNSET
    openOrderBuyCost: Whole = UNSET
    openOrderSellQty: Whole = UNSET
    openOrderSellCost: Whole = UNSET
    currentQty: Whole = UNSET
    currentCost: Whole = UNSET
    currentComm: Whole = UNSET
    realisedCost: Whole = UNSET
    unrealisedCost: Whole = UNSET
    isOpen: Flag = UNSET
    markPrice: Number = UNSET
    markValue: Whole = UNSET
    riskValue: Whole = UNSET
    homeNotional: Number = UNSET
    foreignNotional: Number = UNSET
    posState: Text = UNSET
    posCost: Whole = UNSET
    posCross: Whole = UNSET
    posComm: Whole = UNSET
    posLoss: Whole = UNSET
    posMargin: Whole = UNSET
    posMaint: Whole = UNSET
    initMargin: Whole = UNSET
    maintMargin: Whole = UNSET
    realisedPnl: Whole = UNSET
    unrealisedPnl: Whole = UNSET
    unrealisedPnlPcnt: Number = UNSET
    unrealisedRoePcnt: Number = UNSET
    avgCostPrice: Number = UNSET
    avgEntryPrice: Number = UNSET
    breakEvenPrice: Number = UNSET
    marginCallPrice: Number = UNSET
    liquidationPrice: Number = UNSET
    bankruptPrice: Number = UNSET
    timestamp: Text = UNSET


class MarginRow(Row, frozen=True):
    account: int
    currency: Text = UNSET
    riskLimit: Whole = UNSET
    state: Text = UNSET
    amount: Whole = UNSET
    prevRealisedPnl: Whole = UNSET
    grossComm: Whole = UNSET
    grossOpenCost: Whole = UNSET
    grossExecCost: Whole = UNSET
    grossMarkValue: Whole = UNSET
    riskValue: Whole = UNSET
    initMargin: Whole = UNSET
    maintMargin: Whole = UNSET
    realisedPnl: Whole = UNSET
    unrealisedPnl: Whole = UNSET
    walletBalance: Whole = UNSET
    marginBalance: Whole = UNSET
    marginLeverage: Number = UNSET
    marginUsedPcnt: Number = UNSET
    excessMargin: Whole = UNSET
    availableMargin: Whole = UNSET
    withdrawableMargin: Whole = UNSET
    timestamp: Text = UNSET


class WalletRow(Row, frozen=True):
    account: int
    currency: Text = UNSET
    amount: Whole = UNSET
    deposited: Whole = UNSET
    withdrawn: Whole = UNSET
    transferIn: Whole = UNSET
    transferOut: Whole = UNSET
    pendingCredit: Whole = UNSET
    pendingDebit: Whole = UNSET
    confirmedDebit: Whole = UNSET
    timestamp: Text = UNSET


class InstrumentRow(Row, frozen=True):
    """What changes by the second; the terms of a contract are in `instruments.py`."""

    symbol: str
    state: Text = UNSET
    markPrice: Number = UNSET
    fairPrice: Number = UNSET
    indicativeSettlePrice: Number = UNSET
    lastPrice: Number = UNSET
    bidPrice: Number = UNSET
    midPrice: Number = UNSET
    askPrice: Number = UNSET
    fundingRate: Number = UNSET
    indicativeFundingRate: Number = UNSET
    fundingTimestamp: Text = UNSET
    openInterest: Number = UNSET
    volume24h: Number = UNSET
    timestamp: Text = UNSET


class CandleRow(Row, frozen=True):
    """tradeBin and GET /trade/bucketed; `timestamp` is the END of the bucket, `open` the close of the one before."""

    timestamp: str
    symbol: str
    open: Number = UNSET
    high: Number = UNSET
    low: Number = UNSET
    close: Number = UNSET
    trades: Whole = UNSET
    volume: Number = UNSET
    vwap: Number = UNSET
    lastSize: Number = UNSET
    turnover: Whole = UNSET
    homeNotional: Number = UNSET
    foreignNotional: Number = UNSET


class AssetRow(Row, frozen=True):
    """GET /wallet/assets: `scale` is how many decimals the ledger keeps."""

    currency: str
    scale: int
    asset: Text = UNSET
    majorCurrency: Text = UNSET
    name: Text = UNSET
    currencyType: Text = UNSET
    enabled: Flag = UNSET
    isMarginCurrency: Flag = UNSET


AnyRow = (
    QuoteRow
    | TradeRow
    | BookRow
    | OrderRow
    | ExecutionRow
    | PositionRow
    | MarginRow
    | WalletRow
    | InstrumentRow
    | CandleRow
)

TABLES: dict[str, type[AnyRow]] = {
    "quote": QuoteRow,
    "trade": TradeRow,
    "orderBookL2": BookRow,
    "orderBookL2_25": BookRow,
    "order": OrderRow,
    "execution": ExecutionRow,
    "position": PositionRow,
    "margin": MarginRow,
    "wallet": WalletRow,
    "instrument": InstrumentRow,
    "tradeBin1m": CandleRow,
    "tradeBin5m": CandleRow,
    "tradeBin1h": CandleRow,
    "tradeBin1d": CandleRow,
}
