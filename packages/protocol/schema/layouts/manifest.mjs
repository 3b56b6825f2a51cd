// Layouts of the manifest: which files make up the database, and what every shard has reached.
// docs/formats/manifest.md explains them.

/** @type {import('../types.mjs').Layout[]} */
export const manifestLayouts = [
  {
    name: 'ManifestHeader',
    size: 64,
    doc: 'The head of the manifest; records follow at once.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 60 bytes after it' },
      { name: 'version', type: 'u32', doc: 'version: 2 with a key-value record, else 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSMANI"' },
      { name: 'generation', type: 'u64', doc: 'grows by one with every manifest written' },
      { name: 'walPosition', type: 'u64', doc: 'entries up to this position are in files listed here' },
      { name: 'nextFile', type: 'u64', doc: 'number the next segment gets' },
      { name: 'fileBytes', type: 'u64', doc: 'length of the manifest' },
      { name: 'shardCount', type: 'u32', doc: 'shards of the series table; never changes' },
      { name: 'recordCount', type: 'u32', doc: 'records that follow' },
      { name: 'id', type: 'u64', doc: 'chosen when the folder was made; names the staging file' },
    ],
  },
  {
    name: 'ManifestRecord',
    size: 16,
    doc: 'The head of a record; its body follows, padded with zeros to 8.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 12 bytes after it and the padded body' },
      { name: 'kind', type: 'u32', doc: 'a ManifestKind' },
      { name: 'bytes', type: 'u32', doc: 'length of the body without padding' },
      { name: 'ordinal', type: 'u32', doc: 'place of the record, from 0' },
    ],
  },
  {
    name: 'ManifestShard',
    size: 24,
    doc: 'Body of a shard record; epochCount ManifestEpoch entries follow, oldest first.',
    fields: [
      { name: 'shard', type: 'u32', doc: 'the shard' },
      { name: 'epochCount', type: 'u32', doc: 'entries that follow' },
      { name: 'sealedSequence', type: 'u64', doc: 'sequences below this are in segments' },
      { name: 'epoch', type: 'u64', doc: 'epoch of the last open, granted before its first append' },
    ],
  },
  {
    name: 'ManifestEpoch',
    size: 16,
    doc: 'One epoch that has rows, or the newest. It ends where the next listed one begins.',
    fields: [
      { name: 'epoch', type: 'u64', doc: 'the epoch' },
      { name: 'firstSequence', type: 'u64', doc: 'sequence of its first row' },
    ],
  },
  {
    name: 'ManifestSymbol',
    size: 8,
    doc: 'Body of a symbol record; the name follows, UTF-8.',
    fields: [
      { name: 'symbol', type: 'u32', doc: 'symbol id' },
      { name: 'shard', type: 'u32', doc: 'its shard' },
    ],
  },
  {
    name: 'ManifestSegment',
    size: 72,
    doc: 'Body of a segment record: a segment of version 1. Read, but not written any more.',
    fields: [
      { name: 'number', type: 'u64', doc: 'number of the file, as in its name' },
      { name: 'day', type: 'i64', doc: 'UTC day' },
      { name: 'bytes', type: 'u64', doc: 'length of the file' },
      { name: 'rows', type: 'u64', doc: 'rows' },
      { name: 'minTime', type: 'i64', doc: 'earliest time' },
      { name: 'maxTime', type: 'i64', doc: 'latest time' },
      { name: 'firstSequence', type: 'u64', doc: 'lowest sequence' },
      { name: 'endSequence', type: 'u64', doc: 'highest sequence plus one' },
      { name: 'shard', type: 'u32', doc: 'the shard' },
      { name: 'trailerChecksum', type: 'u32', doc: 'checksum field of its trailer' },
    ],
  },
  {
    name: 'SegmentRecord',
    size: 80,
    doc: 'Body of a series record: one segment of any table.',
    fields: [
      { name: 'number', type: 'u64', doc: 'number of the file, as in its name' },
      { name: 'day', type: 'i64', doc: 'UTC day' },
      { name: 'bytes', type: 'u64', doc: 'length of the file' },
      { name: 'rows', type: 'u64', doc: 'rows' },
      { name: 'minTime', type: 'i64', doc: 'earliest time' },
      { name: 'maxTime', type: 'i64', doc: 'latest time' },
      { name: 'firstSequence', type: 'u64', doc: 'lowest sequence' },
      { name: 'endSequence', type: 'u64', doc: 'highest sequence plus one' },
      { name: 'table', type: 'u32', doc: 'the table' },
      { name: 'shard', type: 'u32', doc: 'the shard' },
      { name: 'trailerChecksum', type: 'u32', doc: 'checksum field of its trailer' },
      { name: 'version', type: 'u32', doc: 'format version of the file' },
    ],
  },
  {
    name: 'ManifestKeyValue',
    size: 16,
    doc: 'Body of a key-value record; at most one. SstRecord records list the tables.',
    fields: [
      { name: 'lastSequence', type: 'u64', doc: 'sequence of the newest write in the tables' },
      { name: 'nextNumber', type: 'u64', doc: 'number the next sorted table gets' },
    ],
  },
  {
    name: 'ManifestTable',
    size: 24,
    doc: 'Body of a key-value table record; at most one. Read, but not written any more.',
    fields: [
      { name: 'position', type: 'u64', doc: 'position it was written at, as in its name' },
      { name: 'bytes', type: 'u64', doc: 'length of the file' },
      { name: 'entries', type: 'u64', doc: 'entries' },
    ],
  },
];
