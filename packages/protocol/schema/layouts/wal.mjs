// Layouts of the write-ahead log: file header, entry header, and the head of the staging memory.
// docs/formats/wal.md says what they mean and what their checksums cover.

/** @type {import('../types.mjs').Layout[]} */
export const walLayouts = [
  {
    name: 'WalFileHeader',
    size: 128,
    doc: 'Starts wal_{sequence:020}.log; zeros up to offset 4096, where the entries begin.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the rest of this header' },
      { name: 'version', type: 'u32', doc: 'layout version, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSWAL1"' },
      { name: 'logId', type: 'u64', doc: 'names the log; the same in all its files' },
      { name: 'fileSequence', type: 'u64', doc: 'the number in the file name' },
      { name: 'epoch', type: 'u64', doc: 'grows by one at every open of the log' },
      { name: 'previousEnd', type: 'u64', doc: 'earlier files count up to this position only' },
      { name: 'startPosition', type: 'u64', doc: 'position of the first entry, >= previousEnd' },
      { name: 'fileBytes', type: 'u64', doc: 'size of this file' },
      { name: 'stagingBytes', type: 'u64', doc: 'bound of what was accepted but not durable' },
      { name: 'wallTime', type: 'i64', doc: 'when it was made, nanoseconds since 1970-01-01 UTC' },
      { name: 'reserved', type: 'bytes[48]', doc: 'zero' },
    ],
  },
  {
    name: 'WalEntryHeader',
    size: 40,
    doc: 'Before each payload; header and payload are padded with zeros to a multiple of 8.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c seeded by file or memory, to the padding\'s end' },
      { name: 'payloadBytes', type: 'u32', doc: 'bytes of the payload, without padding' },
      { name: 'position', type: 'u64', doc: 'log position of the first byte of this header' },
      { name: 'durable', type: 'u64', doc: 'durable position when it was appended, or later' },
      { name: 'wallTime', type: 'i64', doc: 'when it was appended, nanoseconds since 1970-01-01' },
      { name: 'kind', type: 'u32', doc: 'kind of the payload; 0 is never valid' },
      { name: 'shard', type: 'u32', doc: 'the shard it belongs to' },
    ],
  },
  {
    name: 'WalStagingHeader',
    size: 256,
    doc: 'Head of the staging memory; its first 128 bytes stand at offset 2048 once more.',
    fields: [
      { name: 'magic', type: 'u64', doc: '"NDTSSTG1", stored last; 0 while it is being set up' },
      { name: 'version', type: 'u32', doc: 'layout version, 2' },
      { name: 'checksum', type: 'u32', doc: 'crc32c of offset 16 to 128' },
      { name: 'logId', type: 'u64', doc: 'the log it belongs to' },
      { name: 'epoch', type: 'u64', doc: 'the epoch of the log that writes it' },
      { name: 'basePosition', type: 'u64', doc: 'position from which on it was filled' },
      { name: 'ringBytes', type: 'u64', doc: 'bytes of the circular image' },
      { name: 'bootId', type: 'bytes[40]', doc: 'boot of the machine; another one makes it void' },
      { name: 'reserved0', type: 'bytes[40]', doc: 'zero' },
      { name: 'tail', type: 'u64', doc: 'accepted position; stored with release, after the bytes' },
      { name: 'tailCopy', type: 'u64', doc: 'stored after tail; recovery believes the lesser' },
      { name: 'reserved1', type: 'bytes[48]', doc: 'zero' },
      { name: 'durable', type: 'u64', doc: 'durable position; files must hold all below it' },
      { name: 'durableCopy', type: 'u64', doc: 'stored after durable; the lesser counts' },
      { name: 'reserved2', type: 'bytes[48]', doc: 'zero' },
    ],
  },
];
