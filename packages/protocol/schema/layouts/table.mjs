// Layouts of the bodies of log entries, and of a key-value table file.

/** @type {import('../types.mjs').Layout[]} */
export const tableLayouts = [
  {
    name: 'TicksEntry',
    size: 24,
    doc: 'Rows of one shard in a log entry of kind ticks, which holds one or more of these. Columns follow, each `rows` long: time, price, volume, bid, ask, bid volume, ask volume (8 bytes each), symbol, flags (4 each).',
    fields: [
      { name: 'epoch', type: 'u64', doc: 'epoch of the shard' },
      { name: 'firstSequence', type: 'u64', doc: 'sequence of the first row; the rest follow' },
      { name: 'shard', type: 'u32', doc: 'the shard' },
      { name: 'rows', type: 'u32', doc: 'rows' },
    ],
  },
  {
    name: 'SymbolEntryHead',
    size: 8,
    doc: 'Body of a log entry of kind symbol; the name follows, UTF-8.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'shard', type: 'u32', doc: 'its shard' },
    ],
  },
  {
    name: 'KeyValueHead',
    size: 12,
    doc: 'One operation of a log entry of kind keyValue; key and value follow, unaligned.',
    fields: [
      { name: 'kind', type: 'u32', doc: 'a KeyValueKind' },
      { name: 'keyBytes', type: 'u32', doc: 'bytes of the key, UTF-8' },
      { name: 'valueBytes', type: 'u32', doc: 'bytes of the value; 0 for a delete' },
    ],
  },
  {
    name: 'TableHeader',
    size: 64,
    doc: 'The head of a key-value table file; entries follow at once, keys strictly ascending.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 60 bytes after it' },
      { name: 'version', type: 'u32', doc: 'format version, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSKEYV"' },
      { name: 'position', type: 'u64', doc: 'holds every write up to this log position' },
      { name: 'entries', type: 'u64', doc: 'entries' },
      { name: 'fileBytes', type: 'u64', doc: 'length of the file' },
      { name: 'reserved', type: 'bytes[24]', doc: 'zero' },
    ],
  },
  {
    name: 'TableEntry',
    size: 16,
    doc: 'The head of an entry; key and value follow, together padded with zeros to 8.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 12 bytes after it, key, value and padding' },
      { name: 'keyBytes', type: 'u32', doc: 'bytes of the key' },
      { name: 'valueBytes', type: 'u32', doc: 'bytes of the value' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
];
