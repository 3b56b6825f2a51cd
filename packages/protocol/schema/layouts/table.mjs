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
    name: 'RowsEntry',
    size: 32,
    doc: 'Rows of one shard of any table in a log entry of kind rows, which holds one or more of these. Columns follow, each `rows` long and padded with zeros to 8: time (i64), symbol (u32), then per column of the schema its values (of text and bytes: lengths, u32) and, if it is nullable, its nulls (u8); then the heap: all texts and bytes one after the other, by column, then row, padded with zeros to 8.',
    fields: [
      { name: 'epoch', type: 'u64', doc: 'epoch of the shard' },
      { name: 'firstSequence', type: 'u64', doc: 'sequence of the first row; the rest follow' },
      { name: 'table', type: 'u32', doc: 'the table' },
      { name: 'shard', type: 'u32', doc: 'the shard' },
      { name: 'rows', type: 'u32', doc: 'rows' },
      { name: 'heapBytes', type: 'u32', doc: 'bytes of the heap without padding' },
    ],
  },
  {
    name: 'SchemaHead',
    size: 16,
    doc: 'Body of a log entry of kind table and of a schema record: name of the table, then per column SchemaColumn and name.',
    fields: [
      { name: 'table', type: 'u32', doc: 'id of the table' },
      { name: 'columnCount', type: 'u32', doc: 'columns' },
      { name: 'nameBytes', type: 'u32', doc: 'bytes of the name, UTF-8' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
  {
    name: 'SchemaColumn',
    size: 8,
    doc: 'One column of a schema; its name follows, UTF-8.',
    fields: [
      { name: 'type', type: 'u8', doc: 'a ValueType' },
      { name: 'nullable', type: 'u8', doc: '1 where values may be null' },
      { name: 'nameBytes', type: 'u16', doc: 'bytes of the name' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
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
    name: 'JoinedHead',
    size: 8,
    doc: 'The head of a log entry of kind joined: a key-value batch follows, zeros to a multiple of 8, then the body of an entry of kind ticks or rows.',
    fields: [
      { name: 'kind', type: 'u32', doc: 'the LogKind of the rows: ticks or rows' },
      { name: 'batchBytes', type: 'u32', doc: 'bytes of the key-value batch, without the zeros' },
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
