// The tables every user of the engine shares. Time, symbol, sequence and epoch every table has; these
// are the columns beside them. A type is a ValueType; '?' behind it: values may be null.

const levels = [1, 2, 3, 4, 5];
const perLevel = (name, type, doc) =>
  levels.map((level) => ({ name: `${name}${level}`, type, doc: `${doc} ${level}` }));

/** @type {import('./types.mjs').Table[]} */
export const tables = [
  {
    name: 'tick',
    doc: 'Last price and volume with best bid and ask; every database has this table.',
    columns: [
      { name: 'price', type: 'f64', doc: 'last price' },
      { name: 'volume', type: 'f64', doc: 'volume at that price' },
      { name: 'bid1', type: 'f64', doc: 'best bid' },
      { name: 'ask1', type: 'f64', doc: 'best ask' },
      { name: 'bid_vol1', type: 'f64', doc: 'volume at the best bid' },
      { name: 'ask_vol1', type: 'f64', doc: 'volume at the best ask' },
      { name: 'flags', type: 'i32', doc: 'bits of TickFlags' },
    ],
  },
  {
    name: 'trade',
    doc: 'A trade at the venue.',
    columns: [
      { name: 'price', type: 'f64', doc: 'price' },
      { name: 'volume', type: 'f64', doc: 'volume' },
      { name: 'side', type: 'i32', doc: 'of the aggressor: 1 buy, -1 sell, 0 not known' },
      { name: 'trade_id', type: 'text?', doc: 'as the venue names it' },
    ],
  },
  {
    name: 'book',
    doc: 'The best five levels of an order book.',
    columns: [
      ...perLevel('bid', 'f64?', 'bid of level'),
      ...perLevel('bid_vol', 'f64?', 'volume at the bid of level'),
      ...perLevel('ask', 'f64?', 'ask of level'),
      ...perLevel('ask_vol', 'f64?', 'volume at the ask of level'),
    ],
  },
  {
    name: 'bar',
    doc: 'Ticks of an interval in one row; its time is the start of the interval.',
    columns: [
      { name: 'open', type: 'f64', doc: 'first price' },
      { name: 'high', type: 'f64', doc: 'highest price' },
      { name: 'low', type: 'f64', doc: 'lowest price' },
      { name: 'close', type: 'f64', doc: 'last price' },
      { name: 'volume', type: 'f64', doc: 'sum of volumes' },
      { name: 'turnover', type: 'f64?', doc: 'sum of price times volume' },
      { name: 'ticks', type: 'i64', doc: 'ticks in it' },
      { name: 'interval', type: 'i64', doc: 'length in nanoseconds; 0 where it is not of time' },
    ],
  },
  {
    name: 'factor',
    doc: 'Values of a factor that a strategy stores, one row a tick; the time is that of the tick.',
    columns: [
      { name: 'strategy', type: 'text', doc: 'the instance' },
      { name: 'factor', type: 'text', doc: 'name of the factor' },
      { name: 'version', type: 'i32', doc: 'of what it means, as it is declared' },
      { name: 'value', type: 'f64?', doc: 'its value; null while it has none' },
      { name: 'middle', type: 'f64?', doc: 'of Bollinger bands, else null' },
      { name: 'upper', type: 'f64?', doc: 'of Bollinger bands, else null' },
      { name: 'lower', type: 'f64?', doc: 'of Bollinger bands, else null' },
      { name: 'tick_shard', type: 'i32', doc: 'lineage: shard of the tick' },
      { name: 'tick_epoch', type: 'i64', doc: 'lineage: epoch of the tick' },
      { name: 'first_sequence', type: 'i64?', doc: 'lineage: of the first tick of the symbol that it looks at; null: not known' },
      { name: 'last_sequence', type: 'i64', doc: 'lineage: sequence of the tick' },
    ],
  },
  {
    name: 'signal',
    doc: 'What a strategy asked for.',
    columns: [
      { name: 'strategy', type: 'text', doc: 'the instance' },
      { name: 'ordinal', type: 'i64', doc: 'number of the signal in its instance' },
      { name: 'side', type: 'i32', doc: '1 buy, -1 sell' },
      { name: 'quantity', type: 'f64', doc: 'quantity' },
      { name: 'price', type: 'f64?', doc: 'limit price; null for a market order' },
    ],
  },
  {
    name: 'rejects',
    doc: 'Ticks that cleaning refused, as they came, and samples of what feeds could not use; the time is that of their reception.',
    columns: [
      { name: 'reason', type: 'text', doc: 'the rule that refused, by its name in CleanReason; of samples feed: and their rule' },
      { name: 'source', type: 'text', doc: 'the feed it came from' },
      { name: 'live', type: 'bool', doc: 'whether it was held against the clock' },
      { name: 'tick_day', type: 'f64', doc: 'its own time: days since 1970' },
      { name: 'tick_ns', type: 'f64', doc: 'and nanoseconds of that day' },
      { name: 'price', type: 'f64', doc: 'last price' },
      { name: 'volume', type: 'f64', doc: 'volume at that price' },
      { name: 'bid1', type: 'f64', doc: 'best bid' },
      { name: 'ask1', type: 'f64', doc: 'best ask' },
      { name: 'bid_vol1', type: 'f64', doc: 'volume at the best bid' },
      { name: 'ask_vol1', type: 'f64', doc: 'volume at the best ask' },
      { name: 'next_sequence', type: 'i64', doc: 'the sequence that the next tick of its shard got; -1: of a sample' },
      { name: 'sample', type: 'text?', doc: 'what was wrong and the beginning of what came; null: of a tick' },
    ],
  },
  {
    name: 'book_change',
    doc: 'Changes of order books in full depth, as their source sent them: messages of one or more rows.',
    columns: [
      { name: 'side', type: 'i32', doc: '1 bid, -1 ask, 0 no level, only the bits' },
      { name: 'price', type: 'f64', doc: 'price of the level' },
      { name: 'quantity', type: 'f64', doc: 'what the level holds now; 0: it is gone' },
      { name: 'venue_sequence', type: 'f64?', doc: 'number the venue gave the message' },
      { name: 'previous', type: 'f64?', doc: 'number of the message it follows' },
      { name: 'flags', type: 'i32', doc: '2 the book is empty before this row, 4 the last row of its message' },
      { name: 'source', type: 'text', doc: 'the feed it came from' },
    ],
  },
  {
    name: 'trade_rejects',
    doc: 'Trades that cleaning refused, as they came; the time is that of their reception.',
    columns: [
      { name: 'reason', type: 'text', doc: 'the rule that refused, by its name in CleanReason' },
      { name: 'source', type: 'text', doc: 'the feed it came from' },
      { name: 'live', type: 'bool', doc: 'whether it was held against the clock' },
      { name: 'trade_day', type: 'f64', doc: 'its own time: days since 1970' },
      { name: 'trade_ns', type: 'f64', doc: 'and nanoseconds of that day' },
      { name: 'price', type: 'f64', doc: 'price' },
      { name: 'volume', type: 'f64', doc: 'volume' },
      { name: 'side', type: 'i32', doc: 'of the aggressor: 1 buy, -1 sell, 0 not known' },
      { name: 'trade_id', type: 'text?', doc: 'as the venue names it' },
      { name: 'next_sequence', type: 'i64', doc: 'the sequence that the next trade of its shard got' },
    ],
  },
  {
    name: 'quality',
    doc: 'A change of the quality of a symbol.',
    columns: [
      { name: 'from_state', type: 'text', doc: 'QualityState before' },
      { name: 'to_state', type: 'text', doc: 'QualityState after' },
      { name: 'flags', type: 'i32', doc: 'all that is wrong, bits of TickFlags' },
      { name: 'reason', type: 'text', doc: 'what happened' },
      { name: 'source', type: 'text', doc: 'the source it was seen at; empty: none in particular' },
    ],
  },
];
