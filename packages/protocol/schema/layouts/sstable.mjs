// Layouts of a sorted table file of the key-value table: header, blocks, footer; and of the record
// by which a manifest lists it. docs/formats/sstable.md explains them.

/** @type {import('../types.mjs').Layout[]} */
export const sstableLayouts = [
  {
    name: 'SstHeader',
    size: 128,
    doc: 'The head of a sorted table file; the first block follows at once.',
    fields: [
      { name: 'checksum', type: 'u32', doc: 'crc32c of the 124 bytes after it' },
      { name: 'version', type: 'u32', doc: 'format version, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSSSTB"' },
      { name: 'number', type: 'u64', doc: 'number of the file, as in its name' },
      { name: 'entries', type: 'u64', doc: 'entries, deletes included' },
      { name: 'deletes', type: 'u64', doc: 'entries that are deletes' },
      { name: 'firstSequence', type: 'u64', doc: 'writes from this sequence may be here' },
      { name: 'lastSequence', type: 'u64', doc: 'up to this one, inclusive' },
      { name: 'indexOffset', type: 'u64', doc: 'where the footer starts; the blocks end there' },
      { name: 'keyBytes', type: 'u64', doc: 'bytes of the keys of the footer, without padding' },
      { name: 'filterOffset', type: 'u64', doc: 'where the bloom filter starts; a multiple of 64' },
      { name: 'fileBytes', type: 'u64', doc: 'length of the file; the filter ends there' },
      { name: 'blockCount', type: 'u32', doc: 'SstIndexEntry entries' },
      { name: 'minKeyBytes', type: 'u32', doc: 'bytes of the least key, the first of the footer' },
      { name: 'footerChecksum', type: 'u32', doc: 'crc32c from indexOffset to the end' },
      { name: 'reserved0', type: 'u32', doc: 'zero' },
      { name: 'reserved', type: 'bytes[24]', doc: 'zero' },
    ],
  },
  {
    name: 'SstBlockHead',
    size: 8,
    doc: 'The head of a block. Entries follow, then one u16 per entry: where it starts in the block.',
    fields: [
      {
        name: 'checksum',
        type: 'u32',
        doc: 'crc32c of the rest of the block, seeded with file number and place of the block',
      },
      { name: 'entries', type: 'u32', doc: 'entries, at least 1' },
    ],
  },
  {
    name: 'SstIndexEntry',
    size: 24,
    doc: 'Footer entry of one block.',
    fields: [
      { name: 'offset', type: 'u64', doc: 'where the block starts in the file' },
      { name: 'keyOffset', type: 'u64', doc: 'where its last key starts in the keys of the footer' },
      { name: 'bytes', type: 'u32', doc: 'length of the block' },
      { name: 'keyBytes', type: 'u32', doc: 'length of its last key' },
    ],
  },
  {
    name: 'SstRecord',
    size: 72,
    doc: 'A sorted table as a manifest lists it; its least and its greatest key follow.',
    fields: [
      { name: 'number', type: 'u64', doc: 'number of the file, as in its name' },
      { name: 'bytes', type: 'u64', doc: 'length of the file' },
      { name: 'entries', type: 'u64', doc: 'entries, deletes included' },
      { name: 'deletes', type: 'u64', doc: 'entries that are deletes' },
      { name: 'firstSequence', type: 'u64', doc: 'writes from this sequence may be in it' },
      { name: 'lastSequence', type: 'u64', doc: 'up to this one, inclusive' },
      { name: 'hiddenBytes', type: 'u64', doc: 'estimate of what it hides in older files' },
      { name: 'level', type: 'u32', doc: '0 to 6' },
      { name: 'headerChecksum', type: 'u32', doc: 'checksum field of its header' },
      { name: 'minKeyBytes', type: 'u32', doc: 'bytes of the least key' },
      { name: 'maxKeyBytes', type: 'u32', doc: 'bytes of the greatest key' },
    ],
  },
];
