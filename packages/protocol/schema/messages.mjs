// Messages that are kept (journal, log) or cross a process: a binary form with a version, generated
// for TypeScript. Types: u8 u16 u32 i32 f64; i64 (bigint); time (two numbers: day, nsOfDay, int64
// nanoseconds on disk); money (bigint scaled by 1e8); str (u16 length, UTF-8).
// Form: u16 kind, u16 version, then the fields in order, little-endian, unaligned. A reader takes
// an older version and refuses a newer one.

/** @type {import('./types.mjs').Message[]} */
export const messages = [
  {
    name: 'OrderIntent', kind: 1, version: 1,
    doc: 'An order that passed risk and is about to be sent. Written before it is sent.',
    fields: [
      { name: 'clientOrderId', type: 'str', doc: 'derived from the signal: instance-ordinal-leg' },
      { name: 'account', type: 'str', doc: 'account' },
      { name: 'instance', type: 'u32', doc: 'strategy instance' },
      { name: 'ordinal', type: 'i64', doc: 'signal ordinal of the instance' },
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'side', type: 'i32', doc: '+1 buy, -1 sell' },
      { name: 'orderType', type: 'u32', doc: 'OrderType' },
      { name: 'quantity', type: 'money', doc: 'quantity' },
      { name: 'limitPrice', type: 'money', doc: '0 for market' },
      { name: 'time', type: 'time', doc: 'when the intent was made' },
      { name: 'tickTime', type: 'time', doc: 'time of the tick that caused the signal' },
      { name: 'shard', type: 'u32', doc: 'lineage: shard' },
      { name: 'epoch', type: 'i64', doc: 'lineage: epoch' },
      { name: 'sequence', type: 'i64', doc: 'lineage: sequence' },
      { name: 'factorValue', type: 'f64', doc: 'lineage: factor value' },
      { name: 'broker', type: 'str', doc: 'route' },
    ],
  },
  {
    name: 'OrderDenied', kind: 2, version: 1,
    doc: 'A signal that risk refused; kept for the count, the ordinal and the reason.',
    fields: [
      { name: 'clientOrderId', type: 'str', doc: 'as in the intent it would have been' },
      { name: 'instance', type: 'u32', doc: 'strategy instance' },
      { name: 'ordinal', type: 'i64', doc: 'signal ordinal' },
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'side', type: 'i32', doc: '+1 buy, -1 sell' },
      { name: 'quantity', type: 'money', doc: 'quantity' },
      { name: 'reason', type: 'u32', doc: 'RiskReason' },
      { name: 'time', type: 'time', doc: 'when' },
    ],
  },
  {
    name: 'OrderEvent', kind: 3, version: 1,
    doc: 'A change of state of an order, as told by the broker or found by reconciliation.',
    fields: [
      { name: 'clientOrderId', type: 'str', doc: 'the order' },
      { name: 'state', type: 'u32', doc: 'OrderState after the event' },
      { name: 'venueOrderId', type: 'str', doc: 'the id of the venue, when known' },
      { name: 'reason', type: 'str', doc: 'text of the venue or of reconciliation' },
      { name: 'time', type: 'time', doc: 'when' },
    ],
  },
  {
    name: 'Fill', kind: 4, version: 1,
    doc: 'One execution. Idempotent by (venue, tradeId).',
    fields: [
      { name: 'venue', type: 'str', doc: 'venue' },
      { name: 'tradeId', type: 'str', doc: 'id of the execution at the venue' },
      { name: 'clientOrderId', type: 'str', doc: 'the order' },
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'side', type: 'i32', doc: '+1 buy, -1 sell' },
      { name: 'quantity', type: 'money', doc: 'quantity' },
      { name: 'price', type: 'money', doc: 'price' },
      { name: 'fee', type: 'money', doc: 'fee' },
      { name: 'time', type: 'time', doc: 'when' },
    ],
  },
  {
    name: 'OperatorAction', kind: 5, version: 1,
    doc: 'Something a person did: halt, resume, a limit change.',
    fields: [
      { name: 'actor', type: 'str', doc: 'name of the token' },
      { name: 'action', type: 'str', doc: 'halt, resume, reduce, limit' },
      { name: 'detail', type: 'str', doc: 'JSON with what changed' },
      { name: 'why', type: 'str', doc: 'the reason given' },
      { name: 'time', type: 'time', doc: 'when' },
    ],
  },
  {
    name: 'PositionAdjusted', kind: 6, version: 1,
    doc: 'The average price of a position set to that of the venue: same executions, other order.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'averagePrice', type: 'money', doc: 'average price from now on' },
      { name: 'reason', type: 'str', doc: 'what reconciliation found' },
      { name: 'time', type: 'time', doc: 'when' },
    ],
  },
  {
    name: 'LedgerStanding', kind: 7, version: 1,
    doc: 'Head of a snapshot of the order ledger: what the fold of the journal gave so far.',
    fields: [
      { name: 'sequence', type: 'i64', doc: 'the last event covered' },
      { name: 'intents', type: 'i64', doc: 'intents counted' },
      { name: 'denied', type: 'i64', doc: 'denied signals counted' },
      { name: 'fills', type: 'i64', doc: 'executions counted' },
      { name: 'tradingState', type: 'str', doc: 'ACTIVE, REDUCING or HALTED' },
      { name: 'tradingReason', type: 'str', doc: 'who set it and why' },
      { name: 'day', type: 'u32', doc: 'day of the last execution, since 1970' },
      { name: 'dayResult', type: 'str', doc: 'realised on that day less fees; integer of 1e-16' },
    ],
  },
  {
    name: 'OrderStanding', kind: 8, version: 1,
    doc: 'In a snapshot, behind the intent of the order: what its events made of it.',
    fields: [
      { name: 'sequence', type: 'i64', doc: 'place of the intent in the journal' },
      { name: 'state', type: 'u32', doc: 'OrderState' },
      { name: 'venueOrderId', type: 'str', doc: 'the id of the venue, when known' },
      { name: 'reason', type: 'str', doc: 'the last reason told' },
      { name: 'filled', type: 'money', doc: 'sum of the fills' },
      { name: 'filledValue', type: 'str', doc: 'quantity times price; integer of 1e-16' },
      { name: 'closed', type: 'u8', doc: '1: no quantity is open any more' },
      { name: 'listed', type: 'u8', doc: '1: among the newest, which are listed' },
      { name: 'trades', type: 'u32', doc: 'how many OrderTrade follow' },
      { name: 'time', type: 'time', doc: 'of the last event' },
    ],
  },
  {
    name: 'OrderTrade', kind: 9, version: 1,
    doc: 'In a snapshot, behind an OrderStanding: one execution that was applied.',
    fields: [{ name: 'tradeId', type: 'str', doc: 'id of the execution at the venue' }],
  },
  {
    name: 'PositionStanding', kind: 10, version: 1,
    doc: 'In a snapshot: a position. Sums are integers of 1e-16, as text.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'quantity', type: 'money', doc: 'signed quantity' },
      { name: 'cost', type: 'str', doc: 'paid for the open quantity' },
      { name: 'realised', type: 'str', doc: 'realised PnL without fees' },
      { name: 'cash', type: 'str', doc: 'received minus paid, without fees' },
      { name: 'fees', type: 'money', doc: 'fees' },
      { name: 'openBuy', type: 'money', doc: 'open quantity of orders that buy' },
      { name: 'openSell', type: 'money', doc: 'open quantity of orders that sell' },
      { name: 'markPrice', type: 'money', doc: 'price it was last valued at' },
    ],
  },
  {
    name: 'InstanceStanding', kind: 11, version: 1,
    doc: 'In a snapshot: the highest ordinal ever taken from a strategy instance.',
    fields: [
      { name: 'instance', type: 'u32', doc: 'strategy instance' },
      { name: 'ordinal', type: 'i64', doc: 'highest ordinal' },
    ],
  },
  {
    name: 'VenueStanding', kind: 12, version: 1,
    doc: 'The last execution of a venue; in a snapshot, and as the floor of trade ids let go.',
    fields: [
      { name: 'venue', type: 'str', doc: 'venue' },
      { name: 'tradeId', type: 'str', doc: 'id of the execution' },
    ],
  },
  {
    name: 'StreamRows', kind: 13, version: 1,
    doc: 'Head of a binary message of a subscription; positions and columns follow (subscribe.md).',
    fields: [
      { name: 'subscription', type: 'u32', doc: 'the id the client chose' },
      { name: 'flags', type: 'u32', doc: '1: conflated, rows were left out; 2: rows of the past' },
      { name: 'positions', type: 'u32', doc: 'how many positions follow: u32 shard, u32 epoch, u64 sequence' },
      { name: 'rows', type: 'u32', doc: 'how many rows the columns hold' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
  {
    name: 'QualityChanged', kind: 20, version: 1,
    doc: 'The quality of a symbol changed; on the bus as its fields.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'time', type: 'time', doc: 'when' },
      { name: 'from', type: 'u32', doc: 'QualityState before' },
      { name: 'to', type: 'u32', doc: 'QualityState after' },
      { name: 'flags', type: 'u32', doc: 'all that is wrong, bits of TickFlags' },
      { name: 'sequence', type: 'f64', doc: 'ticks of its shard from here on carry newer flags' },
      { name: 'source', type: 'u32', doc: 'number of the source; 0: none in particular' },
      { name: 'reason', type: 'str', doc: 'what happened' },
    ],
  },
];
