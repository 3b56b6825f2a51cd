// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** One published value on a cache line of its own. check = value ^ epoch ^ kRingLineSalt. Offsets in bytes. */
export const RingLine = {
  bytes: 64,
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
  bytes: 640,
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

/** One tick, one cache line. Its sequence follows from its position in the ring. Offsets in bytes. */
export const TickSlot = {
  bytes: 64,
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

/** One factor value with the tick it came from. Offsets in bytes. */
export const FactorSlot = {
  bytes: 128,
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
  /** bytes[48]: zero */
  reserved: 80,
} as const;

/** One signal: what a strategy asks for, with the id that makes it idempotent. Offsets in bytes. */
export const SignalSlot = {
  bytes: 128,
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
  /** u32: bits of OrderType: 1 market, 2 limit */
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
  /** bytes[32]: zero */
  reserved: 96,
} as const;
