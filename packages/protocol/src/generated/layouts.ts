// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** The cleaning rules of a class of symbols, as the native pass takes them; in memory only. Offsets in bytes. */
export const CleanPlan = {
  sizeBytes: 96,
  /** f64: a price must be above it */
  priceMin: 0,
  /** f64: a price must be below it */
  priceMax: 8,
  /** f64: (ask - bid) / bid must be below it */
  spreadMax: 16,
  /** f64: a price must be a multiple of it; 0: any price */
  tickSize: 24,
  /** f64: part of the local median that is never a jump */
  jumpMax: 32,
  /** f64: scaled median deviations that are never a jump */
  jumpDeviations: 40,
  /** f64: how much older than the newest a tick may be */
  disorderNs: 48,
  /** f64: how far behind the clock a tick may be */
  staleNs: 56,
  /** f64: how far ahead of the clock a tick may be */
  futureNs: 64,
  /** f64: a pause after which prices before it say nothing */
  quietNs: 72,
  /** u32: ticks in a row near each other that are no jump */
  confirmations: 80,
  /** u32: place in the list of calendars; 4294967295: always open */
  calendar: 84,
  /** u32: bit 1 << CleanReason: the rule refuses */
  refused: 88,
  /** u32: bit 1 << CleanReason: the rule marks, the tick stays */
  marked: 92,
} as const;

/** The head of an encoded column. Offsets in bytes. */
export const CodecHeader = {
  sizeBytes: 8,
  /** u8: a ColumnCodec */
  codec: 0,
  /** u8: format version of the codec, 1 */
  version: 1,
  /** u8: a ColumnType */
  type: 2,
  /** u8: meaning per codec, else zero */
  parameter: 3,
  /** u32: values in the column */
  count: 4,
} as const;

/** Follows the header when bit 7 of its parameter is set: value = offset + scale * coded. Offsets in bytes. */
export const CodecScale = {
  sizeBytes: 16,
  /** u64: greatest common divisor of the differences */
  scale: 0,
  /** i64: what every value leaves when divided by scale */
  offset: 8,
} as const;

/** The head of up to 1024 integers: a transform, a width, and outliers beside it. Offsets in bytes. */
export const FrameVector = {
  sizeBytes: 16,
  /** i64: reference, or the value before the first */
  base: 0,
  /** i32: added to every packed value; zero for the reference */
  step: 8,
  /** u16: outliers, and 4096 * log2 of the bytes of each */
  patches: 12,
  /** u8: a FrameTransform; 128 is set when an i64 follows */
  transform: 14,
  /** u8: bits of a packed value, 0 to 64 */
  width: 15,
} as const;

/** How many exceptions, runs or dictionary entries the column has. Offsets in bytes. */
export const CodecCount = {
  sizeBytes: 8,
  /** u32: how many */
  count: 0,
  /** u32: zero */
  reserved: 4,
} as const;

/** Parameters of ALP_RD: the front bits of a double come from a dictionary. Offsets in bytes. */
export const FrontBits = {
  sizeBytes: 24,
  /** u8: bits packed as they are, 48 to 63 */
  rightBits: 0,
  /** u8: bits of a place in the dictionary, 0 to 3 */
  codeBits: 1,
  /** bytes[2]: zero */
  reserved: 2,
  /** u32: values whose front bits are not in it */
  exceptions: 4,
  /** bytes[16]: eight u16 front bits; unused ones zero */
  dictionary: 8,
} as const;

/** The head of the manifest; records follow at once. Offsets in bytes. */
export const ManifestHeader = {
  sizeBytes: 64,
  /** u32: crc32c of the 60 bytes after it */
  checksum: 0,
  /** u32: version: 3 */
  version: 4,
  /** u64: "NDTSMANI" */
  magic: 8,
  /** u64: grows by one with every manifest written */
  generation: 16,
  /** u64: entries up to this position are in files listed here */
  walPosition: 24,
  /** u64: number the next segment gets */
  nextFile: 32,
  /** u64: length of the manifest */
  fileBytes: 40,
  /** u32: shards of the series table; never changes */
  shardCount: 48,
  /** u32: records that follow */
  recordCount: 52,
  /** u64: chosen when the folder was made; names the staging file */
  id: 56,
} as const;

/** The head of a record; its body follows, padded with zeros to 8. Offsets in bytes. */
export const ManifestRecord = {
  sizeBytes: 16,
  /** u32: crc32c of the 12 bytes after it and the padded body */
  checksum: 0,
  /** u32: a ManifestKind */
  kind: 4,
  /** u32: length of the body without padding */
  bytes: 8,
  /** u32: place of the record, from 0 */
  ordinal: 12,
} as const;

/** Body of a shard record; epochCount ManifestEpoch entries follow, oldest first. Offsets in bytes. */
export const ManifestShard = {
  sizeBytes: 24,
  /** u32: the shard */
  shard: 0,
  /** u32: entries that follow */
  epochCount: 4,
  /** u64: sequences below this are in segments */
  sealedSequence: 8,
  /** u64: epoch of the last open, granted before its first append */
  epoch: 16,
} as const;

/** One epoch that has rows, or the newest. It ends where the next listed one begins. Offsets in bytes. */
export const ManifestEpoch = {
  sizeBytes: 16,
  /** u64: the epoch */
  epoch: 0,
  /** u64: sequence of its first row */
  firstSequence: 8,
} as const;

/** Body of a table shard record: what a shard has reached in a table other than ticks; epochCount ManifestEpoch entries follow, oldest first. None where it has no rows. Offsets in bytes. */
export const ManifestTableShard = {
  sizeBytes: 24,
  /** u32: the table */
  table: 0,
  /** u32: the shard */
  shard: 4,
  /** u64: sequences below this are in segments */
  sealedSequence: 8,
  /** u32: entries that follow */
  epochCount: 16,
  /** u32: zero */
  reserved: 20,
} as const;

/** Body of a symbol file record; the files in the order of the manifest hold all symbols. Offsets in bytes. */
export const ManifestSymbolFile = {
  sizeBytes: 40,
  /** u64: number of the file, as in its name */
  number: 0,
  /** u64: length of the file */
  bytes: 8,
  /** u64: symbols in the files before it */
  firstOrdinal: 16,
  /** u64: symbols in it */
  count: 24,
  /** u32: checksum field of its header */
  checksum: 32,
  /** u32: zero */
  reserved: 36,
} as const;

/** The head of a symbol file; per symbol follow ManifestSymbol, length of the name (u32), name, unaligned. Offsets in bytes. */
export const SymbolFileHeader = {
  sizeBytes: 64,
  /** u32: crc32c of the rest of the file */
  checksum: 0,
  /** u32: format version, 1 */
  version: 4,
  /** u64: "NDTSSYMB" */
  magic: 8,
  /** u64: symbols in the files before it */
  firstOrdinal: 16,
  /** u64: symbols in it */
  count: 24,
  /** u64: length of the file */
  fileBytes: 32,
  /** u64: number of the file, as in its name */
  number: 40,
  /** bytes[16]: zero */
  reserved: 48,
} as const;

/** Body of a symbol record; the name follows, UTF-8. Written to symbol files since version 3. Offsets in bytes. */
export const ManifestSymbol = {
  sizeBytes: 8,
  /** u32: symbol id */
  symbol: 0,
  /** u32: its shard */
  shard: 4,
} as const;

/** Body of a segment record: a segment of version 1. Read, but not written any more. Offsets in bytes. */
export const ManifestSegment = {
  sizeBytes: 72,
  /** u64: number of the file, as in its name */
  number: 0,
  /** i64: UTC day */
  day: 8,
  /** u64: length of the file */
  bytes: 16,
  /** u64: rows */
  rows: 24,
  /** i64: earliest time */
  minTime: 32,
  /** i64: latest time */
  maxTime: 40,
  /** u64: lowest sequence */
  firstSequence: 48,
  /** u64: highest sequence plus one */
  endSequence: 56,
  /** u32: the shard */
  shard: 64,
  /** u32: checksum field of its trailer */
  trailerChecksum: 68,
} as const;

/** The file COMPLETE of a snapshot folder, written and synced last. Offsets in bytes. */
export const SnapshotMark = {
  sizeBytes: 64,
  /** u32: crc32c of the 60 bytes after it */
  checksum: 0,
  /** u32: format version, 1 */
  version: 4,
  /** u64: "NDTSSNAP" */
  magic: 8,
  /** u64: of the manifest it was taken from */
  generation: 16,
  /** i64: when it was taken */
  wallTime: 24,
  /** u64: bytes of the files that the manifest lists */
  bytes: 32,
  /** u32: files that the manifest lists */
  fileCount: 40,
  /** u32: crc32c of the whole MANIFEST beside it */
  manifestChecksum: 44,
  /** bytes[16]: zero */
  reserved: 48,
} as const;

/** Body of a series record: one segment of any table. Offsets in bytes. */
export const SegmentRecord = {
  sizeBytes: 80,
  /** u64: number of the file, as in its name */
  number: 0,
  /** i64: UTC day */
  day: 8,
  /** u64: length of the file */
  bytes: 16,
  /** u64: rows */
  rows: 24,
  /** i64: earliest time */
  minTime: 32,
  /** i64: latest time */
  maxTime: 40,
  /** u64: lowest sequence */
  firstSequence: 48,
  /** u64: highest sequence plus one */
  endSequence: 56,
  /** u32: the table */
  table: 64,
  /** u32: the shard */
  shard: 68,
  /** u32: checksum field of its trailer */
  trailerChecksum: 72,
  /** u32: format version of the file */
  version: 76,
} as const;

/** Body of a key-value record; at most one. SstRecord records list the tables. Offsets in bytes. */
export const ManifestKeyValue = {
  sizeBytes: 16,
  /** u64: sequence of the newest write in the tables */
  lastSequence: 0,
  /** u64: number the next sorted table gets */
  nextNumber: 8,
} as const;

/** Body of a key-value table record; at most one. Read, but not written any more. Offsets in bytes. */
export const ManifestTable = {
  sizeBytes: 24,
  /** u64: position it was written at, as in its name */
  position: 0,
  /** u64: length of the file */
  bytes: 8,
  /** u64: entries */
  entries: 16,
} as const;

/** The first frame of either side: the reader speaks first, the server answers. Offsets in bytes. */
export const PullHello = {
  sizeBytes: 32,
  /** u32: crc32c of the rest */
  check: 0,
  /** u32: version of the protocol, 1 */
  version: 4,
  /** u64: "NDTSPULL" */
  magic: 8,
  /** u32: of the server: 0, or why it will not serve; reader: 0 */
  code: 16,
  /** u32: of the server: longest read; reader: 0 */
  readBytesMax: 20,
  /** u64: zero */
  reserved: 24,
} as const;

/** One read. Answered in the order asked. Offsets in bytes. */
export const PullRequest = {
  sizeBytes: 40,
  /** u32: crc32c of the rest */
  check: 0,
  /** u32: where the server finds the grant */
  region: 4,
  /** u64: chosen by the reader, repeated in the reply */
  id: 8,
  /** u64: of the grant */
  key: 16,
  /** u64: of the first byte wanted, from the start of the grant */
  offset: 24,
  /** u32: bytes wanted, at least 1 */
  length: 32,
  /** u32: zero */
  reserved: 36,
} as const;

/** Head of an answer. With code 0, length bytes and a PullTrailer follow. Offsets in bytes. */
export const PullReply = {
  sizeBytes: 24,
  /** u32: crc32c of the rest */
  check: 0,
  /** u32: 0, or the number of an error code */
  code: 4,
  /** u64: of the request */
  id: 8,
  /** u32: bytes that follow; 0 unless code is 0 */
  length: 16,
  /** u32: 1: the bytes prove themselves; else zero */
  flags: 20,
} as const;

/** After the bytes of an answer. Offsets in bytes. */
export const PullTrailer = {
  sizeBytes: 8,
  /** u32: crc32c of the bytes, seeded with the check of the reply; with flag 1 of none */
  check: 0,
  /** u32: zero */
  reserved: 4,
} as const;

/** A grant of mapped memory: a file beside it. The path of the memory follows. Offsets in bytes. */
export const PullLease = {
  sizeBytes: 64,
  /** u64: "NDTSLEAS" */
  magic: 0,
  /** u64: of the grant */
  key: 8,
  /** i64: milliseconds since 1970-01-01 UTC */
  expiresAtMs: 16,
  /** u64: bytes of the memory */
  length: 24,
  /** u64: 1 until it is revoked, then 0 */
  open: 32,
  /** u32: 1 when the memory changes while it is read */
  changes: 40,
  /** u32: bytes of the path */
  pathBytes: 44,
  /** bytes[16]: zero */
  reserved: 48,
} as const;

/** One published value on a cache line of its own. check = value ^ epoch ^ kRingLineSalt. Offsets in bytes. */
export const RingLine = {
  sizeBytes: 64,
  /** u64: a slot count or sequence; only ever grows within an epoch */
  value: 0,
  /** u64: the epoch of the ring, repeated so that a torn read shows */
  epoch: 8,
  /** u64: value ^ epoch ^ salt; a mismatch is re-read */
  check: 16,
  /** bytes[40]: zero */
  reserved: 24,
} as const;

/** The head of a ring. Ten 64-byte lines; then slotCount slots of slotBytes each. Offsets in bytes. */
export const RingHeader = {
  sizeBytes: 640,
  /** u64: "NDTSRING" */
  magic: 0,
  /** u32: layout version, 1 */
  version: 8,
  /** u32: 1 tick, 2 trade, 3 book, 4 factor, 5 signal */
  recordKind: 12,
  /** u32: bytes of a slot */
  slotBytes: 16,
  /** u32: number of slots, a power of two */
  slotCount: 20,
  /** u32: the shard, or the strategy instance for signals */
  shard: 24,
  /** u32: zero */
  reserved0: 28,
  /** u64: epoch of the writer; a new epoch is a new ring */
  epoch: 32,
  /** u64: sequence of the first slot ever written in this ring */
  firstSequence: 40,
  /** bytes[16]: zero */
  reserved1: 48,
  /** RingLine: the writer may overwrite up to this sequence (exclusive) */
  intent: 64,
  /** RingLine: sequences below this are committed (exclusive) */
  tail: 128,
  /** RingLine: watermark: survives kill -9 (exclusive sequence) */
  accepted: 192,
  /** RingLine: watermark: survives power loss */
  durable: 256,
  /** RingLine: watermark: survives the machine */
  replicated: 320,
  /** RingLine: watermark: in a segment, listed by the manifest */
  sealed: 384,
  /** RingLine: monotonic nanoseconds of the writer, while it lives */
  heartbeat: 448,
  /** bytes[128]: zero */
  reserved2: 512,
} as const;

/** How readers that sleep are woken; one file beside the rings of a writer. Offsets in bytes. */
export const BellLine = {
  sizeBytes: 64,
  /** u32: how often it was rung; the word that is slept on (futex) */
  rung: 0,
  /** u32: 1: somebody may sleep; readers set it, the writer clears it */
  sleeping: 4,
  /** bytes[56]: zero */
  reserved: 8,
} as const;

/** One tick, one cache line. Its sequence follows from its position in the ring. Offsets in bytes. */
export const TickSlot = {
  sizeBytes: 64,
  /** i64: nanoseconds since 1970-01-01 UTC */
  time: 0,
  /** u32: cluster-wide symbol id */
  symbol: 8,
  /** u32: bits of TickFlags */
  flags: 12,
  /** f64: last price */
  price: 16,
  /** f64: last volume */
  volume: 24,
  /** f64: best bid */
  bid: 32,
  /** f64: best ask */
  ask: 40,
  /** f64: volume at the best bid */
  bidVolume: 48,
  /** f64: volume at the best ask */
  askVolume: 56,
} as const;

/** One trade, one cache line. Its sequence follows from its position in the ring. Offsets in bytes. */
export const TradeSlot = {
  sizeBytes: 64,
  /** i64: nanoseconds since 1970-01-01 UTC */
  time: 0,
  /** u32: cluster-wide symbol id */
  symbol: 8,
  /** u32: bits of TradeFlags */
  flags: 12,
  /** f64: price */
  price: 16,
  /** f64: volume */
  volume: 24,
  /** f64: id of the venue where the flag id is set; else 0 */
  tradeId: 32,
  /** bytes[24]: zero */
  reserved: 40,
} as const;

/** The best five levels of a book. Its sequence follows from its position in the ring. Offsets in bytes. */
export const BookSlot = {
  sizeBytes: 256,
  /** i64: nanoseconds since 1970-01-01 UTC */
  time: 0,
  /** u32: cluster-wide symbol id */
  symbol: 8,
  /** u32: bits of BookFlags */
  flags: 12,
  /** f64: bid of level 1 */
  bid1: 16,
  /** f64: bid of level 2 */
  bid2: 24,
  /** f64: bid of level 3 */
  bid3: 32,
  /** f64: bid of level 4 */
  bid4: 40,
  /** f64: bid of level 5 */
  bid5: 48,
  /** f64: volume at the bid of level 1 */
  bidVolume1: 56,
  /** f64: volume at the bid of level 2 */
  bidVolume2: 64,
  /** f64: volume at the bid of level 3 */
  bidVolume3: 72,
  /** f64: volume at the bid of level 4 */
  bidVolume4: 80,
  /** f64: volume at the bid of level 5 */
  bidVolume5: 88,
  /** f64: ask of level 1 */
  ask1: 96,
  /** f64: ask of level 2 */
  ask2: 104,
  /** f64: ask of level 3 */
  ask3: 112,
  /** f64: ask of level 4 */
  ask4: 120,
  /** f64: ask of level 5 */
  ask5: 128,
  /** f64: volume at the ask of level 1 */
  askVolume1: 136,
  /** f64: volume at the ask of level 2 */
  askVolume2: 144,
  /** f64: volume at the ask of level 3 */
  askVolume3: 152,
  /** f64: volume at the ask of level 4 */
  askVolume4: 160,
  /** f64: volume at the ask of level 5 */
  askVolume5: 168,
  /** u32: bit n: number n of the twenty before is not there */
  missing: 176,
  /** u32: zero */
  reserved0: 180,
  /** bytes[72]: zero */
  reserved1: 184,
} as const;

/** One factor value with the tick it came from. Offsets in bytes. */
export const FactorSlot = {
  sizeBytes: 128,
  /** i64: time of the tick */
  time: 0,
  /** u32: symbol id */
  symbol: 8,
  /** u32: factor id within the strategy instance */
  factor: 12,
  /** f64: the factor value; for Bollinger %B */
  value: 16,
  /** f64: price of the tick */
  price: 24,
  /** f64: middle band */
  middle: 32,
  /** f64: upper band */
  upper: 40,
  /** f64: lower band */
  lower: 48,
  /** i32: +1, -1 or 0 */
  signal: 56,
  /** u32: shard of the tick */
  shard: 60,
  /** u64: epoch of the tick */
  epoch: 64,
  /** u64: sequence of the tick */
  sequence: 72,
  /** f64: of the first tick behind the value; NaN: not known */
  firstSequence: 80,
  /** bytes[40]: zero */
  reserved: 88,
} as const;

/** One signal: what a strategy asks for, with the id that makes it idempotent. Offsets in bytes. */
export const SignalSlot = {
  sizeBytes: 128,
  /** i64: when it was emitted */
  time: 0,
  /** i64: time of the tick that caused it */
  tickTime: 8,
  /** u32: symbol id */
  symbol: 16,
  /** u32: strategy instance id */
  instance: 20,
  /** u64: grows by one per signal of the instance, never re-used */
  ordinal: 24,
  /** i32: +1 buy, -1 sell */
  side: 32,
  /** u32: an OrderType */
  orderType: 36,
  /** i64: scaled by 1e8 */
  quantity: 40,
  /** i64: scaled by 1e8; 0 for market */
  limitPrice: 48,
  /** u32: intake refuses it when older */
  validForMs: 56,
  /** u32: lineage: shard of the tick */
  shard: 60,
  /** u64: lineage: epoch of the tick */
  epoch: 64,
  /** u64: lineage: sequence of the tick */
  sequence: 72,
  /** f64: lineage: the factor value acted on */
  factorValue: 80,
  /** f64: price seen by the strategy */
  price: 88,
  /** i64: stop: price that triggers; trailing: distance; iceberg: quantity shown; TWAP, VWAP: slices; scaled by 1e8, else 0 */
  parameter: 96,
  /** i64: bracket: limit price of the leg that takes the profit, scaled by 1e8; 0: none */
  takeProfit: 104,
  /** i64: bracket: price that triggers the leg that ends the loss, scaled by 1e8; 0: none */
  stopLoss: 112,
  /** u32: GTD, TWAP, VWAP: how long from its emission; else 0 */
  workForMs: 120,
  /** u8: a TimeInForce; 0: gtc */
  timeInForce: 124,
  /** u8: an OrderOffset; 0: none */
  offset: 125,
  /** u16: bits of OrderFlags */
  flags: 126,
} as const;

/** The head of a segment file; the first block follows at once. Offsets in bytes. */
export const SegmentHeader = {
  sizeBytes: 64,
  /** u32: crc32c of the 60 bytes after it */
  checksum: 0,
  /** u32: format version, 2 */
  version: 4,
  /** u64: "NDTSSEGM" */
  magic: 8,
  /** u32: the one shard of the file */
  shard: 16,
  /** u32: the one table of the file; zero in version 1 */
  table: 20,
  /** i64: the one UTC day of the file, days since 1970-01-01 */
  day: 24,
  /** u64: rows in all blocks */
  rows: 32,
  /** u64: number of the file, as in its name */
  number: 40,
  /** bytes[16]: zero */
  reserved1: 48,
} as const;

/** Footer entry of one block: some consecutive rows in (symbol, time, sequence) order. Offsets in bytes. */
export const SegmentBlock = {
  sizeBytes: 64,
  /** u64: where the block starts in the file */
  offset: 0,
  /** u64: its length, a multiple of 8 */
  bytes: 8,
  /** u32: rows of the block, 1 to 4096 */
  rows: 16,
  /** u32: place of its first SegmentRun */
  firstRun: 20,
  /** u32: its SegmentRun entries: symbols with rows in it */
  runCount: 24,
  /** u32: zero */
  reserved: 28,
  /** i64: earliest time */
  minTime: 32,
  /** i64: latest time */
  maxTime: 40,
  /** u64: lowest sequence */
  firstSequence: 48,
  /** u64: highest sequence plus one */
  endSequence: 56,
} as const;

/** Footer entry of one strip: the bytes of one stream in one block. Offsets in bytes. */
export const SegmentStrip = {
  sizeBytes: 32,
  /** u32: from the start of the block, a multiple of 8 */
  offset: 0,
  /** u32: its length; zeros follow up to a multiple of 8 */
  bytes: 4,
  /** u32: crc32c of its bytes and the zeros */
  checksum: 8,
  /** u32: a StripEncoding */
  encoding: 12,
  /** u64: bits of the least value: i64, f64 or u64 by the type */
  min: 16,
  /** u64: bits of the greatest value */
  max: 24,
} as const;

/** Footer entry of one run: the rows of one symbol in one block. Offsets in bytes. */
export const SegmentRun = {
  sizeBytes: 32,
  /** u32: symbol id */
  symbol: 0,
  /** u32: place of the block */
  block: 4,
  /** u32: first row in the block */
  firstRow: 8,
  /** u32: rows */
  rows: 12,
  /** i64: time of its first row */
  minTime: 16,
  /** i64: time of its last row */
  maxTime: 24,
} as const;

/** Footer entry of one stream: a physical column of every block. Offsets in bytes. */
export const SegmentStream = {
  sizeBytes: 16,
  /** u32: name of the column, from the start of the text */
  nameOffset: 0,
  /** u32: its bytes, UTF-8; zero for what every table has */
  nameBytes: 4,
  /** u16: place of the column in the schema, else zero */
  column: 8,
  /** u8: a StreamPart */
  part: 10,
  /** u8: the ValueType of the column, else zero */
  type: 11,
  /** u32: zero */
  reserved: 12,
} as const;

/** Version 1: footer entry of one block, some consecutive rows of one symbol. Offsets in bytes. */
export const SegmentBlockV1 = {
  sizeBytes: 64,
  /** u32: symbol id */
  symbol: 0,
  /** u32: rows of the block, 1 to 4096 */
  rows: 4,
  /** u64: where the block starts in the file */
  offset: 8,
  /** u64: its length */
  bytes: 16,
  /** u32: crc32c of its bytes */
  checksum: 24,
  /** u32: a BlockCodec */
  codec: 28,
  /** i64: time of its first row */
  minTime: 32,
  /** i64: time of its last row */
  maxTime: 40,
  /** f64: smallest price that is a number, else +infinity */
  minPrice: 48,
  /** f64: largest price that is a number, else -infinity */
  maxPrice: 56,
} as const;

/** Footer entry of one symbol: where its name is in the text at the end of the footer. Offsets in bytes. */
export const SegmentName = {
  sizeBytes: 16,
  /** u32: symbol id */
  symbol: 0,
  /** u32: bytes of the name, UTF-8 */
  bytes: 4,
  /** u64: from the start of the text */
  offset: 8,
} as const;

/** Footer entry: the sequences of one epoch that have rows here. Offsets in bytes. */
export const SegmentRange = {
  sizeBytes: 32,
  /** u64: epoch of the shard */
  epoch: 0,
  /** u64: lowest sequence */
  firstSequence: 8,
  /** u64: highest sequence plus one */
  endSequence: 16,
  /** u64: rows of the epoch */
  rows: 24,
} as const;

/** The last 64 bytes of a segment file. Offsets in bytes. */
export const SegmentTrailer = {
  sizeBytes: 64,
  /** u32: crc32c of the 60 bytes after it */
  checksum: 0,
  /** u32: format version, 2 */
  version: 4,
  /** u64: "NDTSSEGM" */
  magic: 8,
  /** u64: where the footer starts; the blocks end there */
  footerOffset: 16,
  /** u32: crc32c of the footer */
  footerChecksum: 24,
  /** u32: SegmentBlock entries, in version 1 SegmentBlockV1 */
  blockCount: 28,
  /** u32: SegmentName entries */
  nameCount: 32,
  /** u32: SegmentRange entries */
  rangeCount: 36,
  /** u64: bytes of the names, padded with zeros to 8 */
  textBytes: 40,
  /** u64: length of the file */
  fileBytes: 48,
  /** u32: SegmentRun entries; zero in version 1 */
  runCount: 56,
  /** u32: SegmentStream entries; zero in version 1 */
  streamCount: 60,
} as const;

/** The head of a sorted table file; the first block follows at once. Offsets in bytes. */
export const SstHeader = {
  sizeBytes: 128,
  /** u32: crc32c of the 124 bytes after it */
  checksum: 0,
  /** u32: format version, 1 */
  version: 4,
  /** u64: "NDTSSSTB" */
  magic: 8,
  /** u64: number of the file, as in its name */
  number: 16,
  /** u64: entries, deletes included */
  entries: 24,
  /** u64: entries that are deletes */
  deletes: 32,
  /** u64: writes from this sequence may be here */
  firstSequence: 40,
  /** u64: up to this one, inclusive */
  lastSequence: 48,
  /** u64: where the footer starts; the blocks end there */
  indexOffset: 56,
  /** u64: bytes of the keys of the footer, without padding */
  keyBytes: 64,
  /** u64: where the bloom filter starts; a multiple of 64 */
  filterOffset: 72,
  /** u64: length of the file; the filter ends there */
  fileBytes: 80,
  /** u32: SstIndexEntry entries */
  blockCount: 88,
  /** u32: bytes of the least key, the first of the footer */
  minKeyBytes: 92,
  /** u32: crc32c from indexOffset to the end */
  footerChecksum: 96,
  /** u32: zero */
  reserved0: 100,
  /** bytes[24]: zero */
  reserved: 104,
} as const;

/** The head of a block. Entries follow, then one u16 per entry: where it starts in the block. Offsets in bytes. */
export const SstBlockHead = {
  sizeBytes: 8,
  /** u32: crc32c of the rest of the block, seeded with file number and place of the block */
  checksum: 0,
  /** u32: entries, at least 1 */
  entries: 4,
} as const;

/** Footer entry of one block. Offsets in bytes. */
export const SstIndexEntry = {
  sizeBytes: 24,
  /** u64: where the block starts in the file */
  offset: 0,
  /** u64: where its last key starts in the keys of the footer */
  keyOffset: 8,
  /** u32: length of the block */
  bytes: 16,
  /** u32: length of its last key */
  keyBytes: 20,
} as const;

/** A sorted table as a manifest lists it; its least and its greatest key follow. Offsets in bytes. */
export const SstRecord = {
  sizeBytes: 72,
  /** u64: number of the file, as in its name */
  number: 0,
  /** u64: length of the file */
  bytes: 8,
  /** u64: entries, deletes included */
  entries: 16,
  /** u64: entries that are deletes */
  deletes: 24,
  /** u64: writes from this sequence may be in it */
  firstSequence: 32,
  /** u64: up to this one, inclusive */
  lastSequence: 40,
  /** u64: estimate of what it hides in older files */
  hiddenBytes: 48,
  /** u32: 0 to 6 */
  level: 56,
  /** u32: checksum field of its header */
  headerChecksum: 60,
  /** u32: bytes of the least key */
  minKeyBytes: 64,
  /** u32: bytes of the greatest key */
  maxKeyBytes: 68,
} as const;

/** Rows of one shard in a log entry of kind ticks, which holds one or more of these. Columns follow, each `rows` long: time, price, volume, bid, ask, bid volume, ask volume (8 bytes each), symbol, flags (4 each). Offsets in bytes. */
export const TicksEntry = {
  sizeBytes: 24,
  /** u64: epoch of the shard */
  epoch: 0,
  /** u64: sequence of the first row; the rest follow */
  firstSequence: 8,
  /** u32: the shard */
  shard: 16,
  /** u32: rows */
  rows: 20,
} as const;

/** Rows of one shard of any table in a log entry of kind rows, which holds one or more of these. Columns follow, each `rows` long and padded with zeros to 8: time (i64), symbol (u32), then per column of the schema its values (of text and bytes: lengths, u32) and, if it is nullable, its nulls (u8); then the heap: all texts and bytes one after the other, by column, then row, padded with zeros to 8. Offsets in bytes. */
export const RowsEntry = {
  sizeBytes: 32,
  /** u64: epoch of the shard */
  epoch: 0,
  /** u64: sequence of the first row; the rest follow */
  firstSequence: 8,
  /** u32: the table */
  table: 16,
  /** u32: the shard */
  shard: 20,
  /** u32: rows */
  rows: 24,
  /** u32: bytes of the heap without padding */
  heapBytes: 28,
} as const;

/** Body of a log entry of kind table and of a schema record: name of the table, then per column SchemaColumn and name. Offsets in bytes. */
export const SchemaHead = {
  sizeBytes: 16,
  /** u32: id of the table */
  table: 0,
  /** u32: columns */
  columnCount: 4,
  /** u32: bytes of the name, UTF-8 */
  nameBytes: 8,
  /** u32: zero */
  reserved: 12,
} as const;

/** One column of a schema; its name follows, UTF-8. Offsets in bytes. */
export const SchemaColumn = {
  sizeBytes: 8,
  /** u8: a ValueType */
  type: 0,
  /** u8: 1 where values may be null */
  nullable: 1,
  /** u16: bytes of the name */
  nameBytes: 2,
  /** u32: zero */
  reserved: 4,
} as const;

/** Body of a log entry of kind symbol; the name follows, UTF-8. Offsets in bytes. */
export const SymbolEntryHead = {
  sizeBytes: 8,
  /** u32: symbol id */
  symbol: 0,
  /** u32: its shard */
  shard: 4,
} as const;

/** One operation of a log entry of kind keyValue; key and value follow, unaligned. Offsets in bytes. */
export const KeyValueHead = {
  sizeBytes: 12,
  /** u32: a KeyValueKind */
  kind: 0,
  /** u32: bytes of the key, UTF-8 */
  keyBytes: 4,
  /** u32: bytes of the value; 0 for a delete */
  valueBytes: 8,
} as const;

/** The head of a log entry of kind joined: a key-value batch follows, zeros to a multiple of 8, then the body of an entry of kind ticks or rows. Offsets in bytes. */
export const JoinedHead = {
  sizeBytes: 8,
  /** u32: the LogKind of the rows: ticks or rows */
  kind: 0,
  /** u32: bytes of the key-value batch, without the zeros */
  batchBytes: 4,
} as const;

/** The head of a key-value table file; entries follow at once, keys strictly ascending. Offsets in bytes. */
export const TableHeader = {
  sizeBytes: 64,
  /** u32: crc32c of the 60 bytes after it */
  checksum: 0,
  /** u32: format version, 1 */
  version: 4,
  /** u64: "NDTSKEYV" */
  magic: 8,
  /** u64: holds every write up to this log position */
  position: 16,
  /** u64: entries */
  entries: 24,
  /** u64: length of the file */
  fileBytes: 32,
  /** bytes[24]: zero */
  reserved: 40,
} as const;

/** The head of an entry; key and value follow, together padded with zeros to 8. Offsets in bytes. */
export const TableEntry = {
  sizeBytes: 16,
  /** u32: crc32c of the 12 bytes after it, key, value and padding */
  checksum: 0,
  /** u32: bytes of the key */
  keyBytes: 4,
  /** u32: bytes of the value */
  valueBytes: 8,
  /** u32: zero */
  reserved: 12,
} as const;

/** Starts wal_{sequence:020}.log; zeros up to offset 4096, where the entries begin. Offsets in bytes. */
export const WalFileHeader = {
  sizeBytes: 128,
  /** u32: crc32c of the rest of this header */
  checksum: 0,
  /** u32: layout version, 1 */
  version: 4,
  /** u64: "NDTSWAL1" */
  magic: 8,
  /** u64: names the log; the same in all its files */
  logId: 16,
  /** u64: the number in the file name */
  fileSequence: 24,
  /** u64: grows by one at every open of the log */
  epoch: 32,
  /** u64: earlier files count up to this position only */
  previousEnd: 40,
  /** u64: position of the first entry, >= previousEnd */
  startPosition: 48,
  /** u64: size of this file */
  fileBytes: 56,
  /** u64: bound of what was accepted but not durable */
  stagingBytes: 64,
  /** i64: when it was made, nanoseconds since 1970-01-01 UTC */
  wallTime: 72,
  /** bytes[48]: zero */
  reserved: 80,
} as const;

/** Before each payload; header and payload are padded with zeros to a multiple of 8. Offsets in bytes. */
export const WalEntryHeader = {
  sizeBytes: 40,
  /** u32: crc32c seeded by file or memory, to the padding's end */
  checksum: 0,
  /** u32: bytes of the payload, without padding */
  payloadBytes: 4,
  /** u64: log position of the first byte of this header */
  position: 8,
  /** u64: durable position when it was appended, or later */
  durable: 16,
  /** i64: when it was appended, nanoseconds since 1970-01-01 */
  wallTime: 24,
  /** u32: kind of the payload; 0 is never valid */
  kind: 32,
  /** u32: the shard it belongs to */
  shard: 36,
} as const;

/** Head of the staging memory; its first 128 bytes stand at offset 2048 once more. Offsets in bytes. */
export const WalStagingHeader = {
  sizeBytes: 256,
  /** u64: "NDTSSTG1", stored last; 0 while it is being set up */
  magic: 0,
  /** u32: layout version, 2 */
  version: 8,
  /** u32: crc32c of offset 16 to 128 */
  checksum: 12,
  /** u64: the log it belongs to */
  logId: 16,
  /** u64: the epoch of the log that writes it */
  epoch: 24,
  /** u64: position from which on it was filled */
  basePosition: 32,
  /** u64: bytes of the circular image */
  ringBytes: 40,
  /** bytes[40]: boot of the machine; another one makes it void */
  bootId: 48,
  /** bytes[40]: zero */
  reserved0: 88,
  /** u64: accepted position; stored with release, after the bytes */
  tail: 128,
  /** u64: stored after tail; recovery believes the lesser */
  tailCopy: 136,
  /** bytes[48]: zero */
  reserved1: 144,
  /** u64: durable position; files must hold all below it */
  durable: 192,
  /** u64: stored after durable; the lesser counts */
  durableCopy: 200,
  /** bytes[48]: zero */
  reserved2: 208,
} as const;
