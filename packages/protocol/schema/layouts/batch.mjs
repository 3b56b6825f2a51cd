// The columnar batches that cross every boundary between TypeScript and the engine, one per record
// of a ring. Columns stand one after the other in one buffer, each 64-byte aligned, each `capacity`
// values long. What a slot has, its batch has under the same name; rings are files named after
// `ring`.

const levels = [1, 2, 3, 4, 5];
const perLevel = (name, doc) =>
  levels.map((level) => ({ name: `${name}${level}`, type: 'f64', doc: `${doc} ${level}` }));

const wide = [
  { name: 'day', type: 'f64', doc: 'whole days since 1970-01-01 UTC' },
  { name: 'nsOfDay', type: 'f64', doc: 'nanoseconds since the start of that day, exact' },
  { name: 'sequence', type: 'f64', doc: 'sequence within the shard, exact below 2^53' },
];
const narrow = (flags) => [
  { name: 'symbol', type: 'u32', doc: 'symbol id' },
  { name: 'flags', type: 'u32', doc: `bits of ${flags}` },
];
const place = [
  { name: 'shard', type: 'u32', doc: 'shard of the symbol' },
  { name: 'epoch', type: 'u32', doc: 'epoch of the shard' },
];

/** @type {import('../types.mjs').Batch[]} */
export const batches = [
  {
    name: 'TickBatch',
    doc: 'Ticks by column. JavaScript reads and writes day and nsOfDay; the engine packs them.',
    slot: 'TickSlot',
    ring: 'ticks',
    columns: [
      ...wide,
      { name: 'price', type: 'f64', doc: 'last price' },
      { name: 'volume', type: 'f64', doc: 'last volume' },
      { name: 'bid', type: 'f64', doc: 'best bid' },
      { name: 'ask', type: 'f64', doc: 'best ask' },
      { name: 'bidVolume', type: 'f64', doc: 'volume at the best bid' },
      { name: 'askVolume', type: 'f64', doc: 'volume at the best ask' },
      ...narrow('TickFlags'),
      ...place,
    ],
  },
  {
    name: 'TradeBatch',
    doc: 'Trades by column.',
    slot: 'TradeSlot',
    ring: 'trades',
    columns: [
      ...wide,
      { name: 'price', type: 'f64', doc: 'price' },
      { name: 'volume', type: 'f64', doc: 'volume' },
      { name: 'tradeId', type: 'f64', doc: 'id of the venue where the flag id is set; else 0' },
      ...narrow('TradeFlags'),
      ...place,
    ],
  },
  {
    name: 'BookBatch',
    doc: 'Books of five levels by column.',
    slot: 'BookSlot',
    ring: 'books',
    columns: [
      ...wide,
      ...perLevel('bid', 'bid of level'),
      ...perLevel('bidVolume', 'volume at the bid of level'),
      ...perLevel('ask', 'ask of level'),
      ...perLevel('askVolume', 'volume at the ask of level'),
      ...narrow('BookFlags'),
      { name: 'missing', type: 'u32', doc: 'bit n: number n of the twenty above is not there' },
      ...place,
    ],
  },
];
