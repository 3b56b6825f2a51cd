// Frames of one-sided pulls over TCP, and the lease of memory that is mapped.
// docs/protocol/pull.md explains them.

/** @type {import('../types.mjs').Layout[]} */
export const pullLayouts = [
  {
    name: 'PullHello',
    size: 32,
    doc: 'The first frame of either side: the reader speaks first, the server answers.',
    fields: [
      { name: 'check', type: 'u32', doc: 'crc32c of the rest' },
      { name: 'version', type: 'u32', doc: 'version of the protocol, 1' },
      { name: 'magic', type: 'u64', doc: '"NDTSPULL"' },
      { name: 'code', type: 'u32', doc: 'of the server: 0, or why it will not serve; reader: 0' },
      { name: 'readBytesMax', type: 'u32', doc: 'of the server: longest read; reader: 0' },
      { name: 'reserved', type: 'u64', doc: 'zero' },
    ],
  },
  {
    name: 'PullRequest',
    size: 40,
    doc: 'One read. Answered in the order asked.',
    fields: [
      { name: 'check', type: 'u32', doc: 'crc32c of the rest' },
      { name: 'region', type: 'u32', doc: 'where the server finds the grant' },
      { name: 'id', type: 'u64', doc: 'chosen by the reader, repeated in the reply' },
      { name: 'key', type: 'u64', doc: 'of the grant' },
      { name: 'offset', type: 'u64', doc: 'of the first byte wanted, from the start of the grant' },
      { name: 'length', type: 'u32', doc: 'bytes wanted, at least 1' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
  {
    name: 'PullReply',
    size: 24,
    doc: 'Head of an answer. With code 0, length bytes and a PullTrailer follow.',
    fields: [
      { name: 'check', type: 'u32', doc: 'crc32c of the rest' },
      { name: 'code', type: 'u32', doc: '0, or the number of an error code' },
      { name: 'id', type: 'u64', doc: 'of the request' },
      { name: 'length', type: 'u32', doc: 'bytes that follow; 0 unless code is 0' },
      { name: 'flags', type: 'u32', doc: '1: the bytes prove themselves; else zero' },
    ],
  },
  {
    name: 'PullTrailer',
    size: 8,
    doc: 'After the bytes of an answer.',
    fields: [
      { name: 'check', type: 'u32', doc: 'crc32c of the bytes, seeded with the check of the reply; with flag 1 of none' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
  {
    name: 'PullLease',
    size: 64,
    doc: 'A grant of mapped memory: a file beside it. The path of the memory follows.',
    fields: [
      { name: 'magic', type: 'u64', doc: '"NDTSLEAS"' },
      { name: 'key', type: 'u64', doc: 'of the grant' },
      { name: 'expiresAtMs', type: 'i64', doc: 'milliseconds since 1970-01-01 UTC' },
      { name: 'length', type: 'u64', doc: 'bytes of the memory' },
      { name: 'open', type: 'u64', doc: '1 until it is revoked, then 0' },
      { name: 'changes', type: 'u32', doc: '1 when the memory changes while it is read' },
      { name: 'pathBytes', type: 'u32', doc: 'bytes of the path' },
      { name: 'reserved', type: 'bytes[16]', doc: 'zero' },
    ],
  },
];
