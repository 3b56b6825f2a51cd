// The columnar tick batch that crosses every boundary between TypeScript and the engine. Columns
// stand one after the other in one buffer, each 64-byte aligned, each `capacity` values long.

/** @type {import('../types.mjs').Batch[]} */
export const batches = [
  {
    name: 'TickBatch',
    doc: 'Ticks by column. JavaScript reads and writes day and nsOfDay; the engine packs them.',
    columns: [
      { name: 'day', type: 'f64', doc: 'whole days since 1970-01-01 UTC' },
      { name: 'nsOfDay', type: 'f64', doc: 'nanoseconds since the start of that day, exact' },
      { name: 'sequence', type: 'f64', doc: 'sequence within the shard, exact below 2^53' },
      { name: 'price', type: 'f64', doc: 'last price' },
      { name: 'volume', type: 'f64', doc: 'last volume' },
      { name: 'bid', type: 'f64', doc: 'best bid' },
      { name: 'ask', type: 'f64', doc: 'best ask' },
      { name: 'bidVolume', type: 'f64', doc: 'volume at the best bid' },
      { name: 'askVolume', type: 'f64', doc: 'volume at the best ask' },
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'flags', type: 'u32', doc: 'bits of TickFlags' },
      { name: 'shard', type: 'u32', doc: 'shard of the symbol' },
      { name: 'epoch', type: 'u32', doc: 'epoch of the shard' },
    ],
  },
];
