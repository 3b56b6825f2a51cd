// Named numbers that more than one side reads: flags, kinds, reasons. 0 is never a valid kind.

/** @type {import('./types.mjs').Constants[]} */
export const constants = [
  {
    name: 'RecordKind',
    doc: 'What a ring carries.',
    values: {
      tick: [1, 'ticks'],
      trade: [2, 'trades'],
      book: [3, 'books of five levels'],
      factor: [4, 'factor values'],
      signal: [5, 'signals'],
    },
  },
  {
    name: 'TickFlags',
    doc: 'Bits in a tick; quality states of the symbol as the data node sees it.',
    values: {
      stale: [1, 'no fresh tick within the limit'],
      gapped: [2, 'the feed reported missing ticks'],
      crossed: [4, 'bid above ask'],
      halted: [8, 'trading halted'],
      void: [16, 'not a tick: the slot fills a sequence that was skipped'],
    },
  },
  {
    name: 'CleanReason',
    doc: 'Why the data node refused a tick.',
    values: {
      ok: [0, 'accepted'],
      price: [1, 'price not in (0, 999999)'],
      volume: [2, 'volume negative'],
      spread: [3, '(ask - bid) / bid is not below the limit'],
      crossed: [4, 'bid above ask'],
      duplicate: [5, 'same time, price and volume as the tick before'],
      outOfOrder: [6, 'older than the tolerated disorder'],
      sentinel: [7, 'NaN, infinity or DBL_MAX where a number is expected'],
    },
  },
  {
    name: 'OrderType',
    doc: 'Order types.',
    values: { market: [1, 'at the market'], limit: [2, 'at a limit price or better'] },
  },
  {
    name: 'OrderState',
    doc: 'Where an order stands; docs/protocol/orders.md draws the legal transitions.',
    values: {
      initialized: [1, 'known, not yet checked'],
      denied: [2, 'refused by risk; never sent'],
      intended: [3, 'the intent is journaled; sending may happen'],
      submitted: [4, 'handed to the broker; no answer yet'],
      accepted: [5, 'the broker has it'],
      rejected: [6, 'definitely refused by the broker'],
      partiallyFilled: [7, 'some quantity filled'],
      filled: [8, 'all quantity filled'],
      pendingCancel: [9, 'cancel requested'],
      canceled: [10, 'canceled'],
      expired: [11, 'expired'],
      unknown: [12, 'outcome not known: reconcile'],
    },
  },
  {
    name: 'RiskReason',
    doc: 'The verdict of the risk check.',
    values: {
      APPROVED: [1, 'all checks passed'],
      POSITION_LIMIT_EXCEEDED: [2, 'position with open orders would pass the limit'],
      ORDER_VALUE_EXCEEDED: [3, 'quantity times price above the limit'],
      DAILY_LOSS_LIMIT: [4, 'realised and unrealised loss of the day at or above the limit'],
      TRADING_HALTED: [5, 'the trading state is HALTED'],
      REDUCE_ONLY: [6, 'the trading state is REDUCING and the order would add risk'],
      PRICE_COLLAR: [7, 'limit price too far from the live market'],
      NO_MARKET: [8, 'no live price for the symbol'],
      STALE_MARKET: [9, 'the last price is too old'],
      INVALID_QUANTITY: [10, 'quantity not positive or not a multiple of the lot'],
      MESSAGE_RATE: [11, 'too many orders per second'],
      DUPLICATE_SIGNAL: [12, 'ordinal at or below the highest seen for the instance'],
      SIGNAL_EXPIRED: [13, 'older than its validity'],
      BROKER_UNAVAILABLE: [14, 'no route to a broker'],
    },
  },
  {
    name: 'NodeRole',
    doc: 'Roles of a node.',
    values: {
      data: [1, 'cleans, stores and streams'],
      calc: [2, 'factors and strategies'],
      exec: [3, 'risk and orders'],
      control: [4, 'registry, health, failover'],
    },
  },
  {
    name: 'NodeState',
    doc: 'States of a node in the registry.',
    values: {
      STANDBY: [1, 'ready, owns nothing'],
      ACTIVE: [2, 'working'],
      DEGRADED: [3, 'working, but slow, lagging or partly failing'],
      DRAINING: [4, 'giving its work away'],
      FAILED: [5, 'lease lost or health check failing'],
    },
  },
  {
    name: 'LogKind',
    doc: 'What the body of a log entry holds.',
    values: {
      ticks: [1, 'rows of one shard: TicksEntry and columns'],
      keyValue: [2, 'one atomic batch: KeyValueHead, key, value, repeated'],
      symbol: [3, 'a symbol was registered: SymbolEntryHead and name'],
    },
  },
  {
    name: 'KeyValueKind',
    doc: 'Operations of a key-value batch.',
    values: { put: [1, 'sets the value'], delete: [2, 'removes the key'] },
  },
  {
    name: 'BlockCodec',
    doc: 'How the columns of a segment block are stored.',
    values: { raw: [1, 'each column as it is in memory'] },
  },
  {
    name: 'ManifestKind',
    doc: 'What a manifest record describes.',
    values: {
      shard: [1, 'ManifestShard'],
      symbol: [2, 'ManifestSymbol'],
      segment: [3, 'ManifestSegment'],
      table: [4, 'ManifestTable'],
    },
  },
];
