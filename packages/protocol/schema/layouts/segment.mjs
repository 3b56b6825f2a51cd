// Layouts of an immutable segment of the series table: header, blocks of columns, footer, trailer.
// docs/formats/segment.md explains them.

/** @type {import('../types.mjs').Layout[]} */
export const segmentLayouts = [
  {
    name: 'SegmentHeader',
    size: 64,
    doc: 'The head of a segment file; the first block follows at once.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 60 bytes after it' },
      { name: 'version', type: 'u32', doc: 'format version, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSSEGM"' },
      { name: 'shard', type: 'u32', doc: 'the one shard of the file' },
      { name: 'reserved0', type: 'u32', doc: 'zero' },
      { name: 'day', type: 'i64', doc: 'the one UTC day of the file, days since 1970-01-01' },
      { name: 'rows', type: 'u64', doc: 'rows in all blocks' },
      { name: 'number', type: 'u64', doc: 'number of the file, as in its name' },
      { name: 'reserved1', type: 'bytes[16]', doc: 'zero' },
    ],
  },
  {
    name: 'SegmentBlock',
    size: 64,
    doc: 'Footer entry of one block: some consecutive rows of one symbol.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'rows', type: 'u32', doc: 'rows of the block, 1 to 4096' },
      { name: 'offset', type: 'u64', doc: 'where the block starts in the file' },
      { name: 'bytes', type: 'u64', doc: 'its length' },
      { name: 'checksum', type: 'u32', doc: 'crc32c of its bytes' },
      { name: 'codec', type: 'u32', doc: 'a BlockCodec' },
      { name: 'minTime', type: 'i64', doc: 'time of its first row' },
      { name: 'maxTime', type: 'i64', doc: 'time of its last row' },
      { name: 'minPrice', type: 'f64', doc: 'smallest price that is a number, else +infinity' },
      { name: 'maxPrice', type: 'f64', doc: 'largest price that is a number, else -infinity' },
    ],
  },
  {
    name: 'SegmentName',
    size: 16,
    doc: 'Footer entry of one symbol: where its name is in the text at the end of the footer.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'bytes', type: 'u32', doc: 'bytes of the name, UTF-8' },
      { name: 'offset', type: 'u64', doc: 'from the start of the text' },
    ],
  },
  {
    name: 'SegmentRange',
    size: 32,
    doc: 'Footer entry: the sequences of one epoch that have rows here.',
    fields: [
      { name: 'epoch', type: 'u64', doc: 'epoch of the shard' },
      { name: 'firstSequence', type: 'u64', doc: 'lowest sequence' },
      { name: 'endSequence', type: 'u64', doc: 'highest sequence plus one' },
      { name: 'rows', type: 'u64', doc: 'rows of the epoch' },
    ],
  },
  {
    name: 'SegmentTrailer',
    size: 64,
    doc: 'The last 64 bytes of a segment file.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 60 bytes after it' },
      { name: 'version', type: 'u32', doc: 'format version, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSSEGM"' },
      { name: 'footerOffset', type: 'u64', doc: 'where the footer starts; the blocks end there' },
      { name: 'footerChecksum', type: 'u32', doc: 'crc32c of the footer' },
      { name: 'blockCount', type: 'u32', doc: 'SegmentBlock entries' },
      { name: 'nameCount', type: 'u32', doc: 'SegmentName entries' },
      { name: 'rangeCount', type: 'u32', doc: 'SegmentRange entries' },
      { name: 'textBytes', type: 'u64', doc: 'bytes of the names, padded with zeros to 8' },
      { name: 'fileBytes', type: 'u64', doc: 'length of the file' },
      { name: 'reserved', type: 'bytes[8]', doc: 'zero' },
    ],
  },
];
