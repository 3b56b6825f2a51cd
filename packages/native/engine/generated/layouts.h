// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndts {

// The cleaning rules of a class of symbols, as the native pass takes them; in memory only.
struct CleanPlan {
  double price_min;  // a price must be above it
  double price_max;  // a price must be below it
  double spread_max;  // (ask - bid) / bid must be below it
  double tick_size;  // a price must be a multiple of it; 0: any price
  double jump_max;  // part of the local median that is never a jump
  double jump_deviations;  // scaled median deviations that are never a jump
  double disorder_ns;  // how much older than the newest a tick may be
  double stale_ns;  // how far behind the clock a tick may be
  double future_ns;  // how far ahead of the clock a tick may be
  double quiet_ns;  // a pause after which prices before it say nothing
  std::uint32_t confirmations;  // ticks in a row near each other that are no jump
  std::uint32_t calendar;  // place in the list of calendars; 4294967295: always open
  std::uint32_t refused;  // bit 1 << CleanReason: the rule refuses
  std::uint32_t marked;  // bit 1 << CleanReason: the rule marks, the tick stays
};
static_assert(sizeof(CleanPlan) == 96);
static_assert(offsetof(CleanPlan, price_min) == 0);
static_assert(offsetof(CleanPlan, price_max) == 8);
static_assert(offsetof(CleanPlan, spread_max) == 16);
static_assert(offsetof(CleanPlan, tick_size) == 24);
static_assert(offsetof(CleanPlan, jump_max) == 32);
static_assert(offsetof(CleanPlan, jump_deviations) == 40);
static_assert(offsetof(CleanPlan, disorder_ns) == 48);
static_assert(offsetof(CleanPlan, stale_ns) == 56);
static_assert(offsetof(CleanPlan, future_ns) == 64);
static_assert(offsetof(CleanPlan, quiet_ns) == 72);
static_assert(offsetof(CleanPlan, confirmations) == 80);
static_assert(offsetof(CleanPlan, calendar) == 84);
static_assert(offsetof(CleanPlan, refused) == 88);
static_assert(offsetof(CleanPlan, marked) == 92);

// The head of an encoded column.
struct CodecHeader {
  std::uint8_t codec;  // a ColumnCodec
  std::uint8_t version;  // format version of the codec, 1
  std::uint8_t type;  // a ColumnType
  std::uint8_t parameter;  // meaning per codec, else zero
  std::uint32_t count;  // values in the column
};
static_assert(sizeof(CodecHeader) == 8);
static_assert(offsetof(CodecHeader, codec) == 0);
static_assert(offsetof(CodecHeader, version) == 1);
static_assert(offsetof(CodecHeader, type) == 2);
static_assert(offsetof(CodecHeader, parameter) == 3);
static_assert(offsetof(CodecHeader, count) == 4);

// Follows the header when bit 7 of its parameter is set: value = offset + scale * coded.
struct CodecScale {
  std::uint64_t scale;  // greatest common divisor of the differences
  std::int64_t offset;  // what every value leaves when divided by scale
};
static_assert(sizeof(CodecScale) == 16);
static_assert(offsetof(CodecScale, scale) == 0);
static_assert(offsetof(CodecScale, offset) == 8);

// The head of up to 1024 integers: a transform, a width, and outliers beside it.
struct FrameVector {
  std::int64_t base;  // reference, or the value before the first
  std::int32_t step;  // added to every packed value; zero for the reference
  std::uint16_t patches;  // outliers, and 4096 * log2 of the bytes of each
  std::uint8_t transform;  // a FrameTransform; 128 is set when an i64 follows
  std::uint8_t width;  // bits of a packed value, 0 to 64
};
static_assert(sizeof(FrameVector) == 16);
static_assert(offsetof(FrameVector, base) == 0);
static_assert(offsetof(FrameVector, step) == 8);
static_assert(offsetof(FrameVector, patches) == 12);
static_assert(offsetof(FrameVector, transform) == 14);
static_assert(offsetof(FrameVector, width) == 15);

// How many exceptions, runs or dictionary entries the column has.
struct CodecCount {
  std::uint32_t count;  // how many
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(CodecCount) == 8);
static_assert(offsetof(CodecCount, count) == 0);
static_assert(offsetof(CodecCount, reserved) == 4);

// Parameters of ALP_RD: the front bits of a double come from a dictionary.
struct FrontBits {
  std::uint8_t right_bits;  // bits packed as they are, 48 to 63
  std::uint8_t code_bits;  // bits of a place in the dictionary, 0 to 3
  std::uint8_t reserved[2];  // zero
  std::uint32_t exceptions;  // values whose front bits are not in it
  std::uint8_t dictionary[16];  // eight u16 front bits; unused ones zero
};
static_assert(sizeof(FrontBits) == 24);
static_assert(offsetof(FrontBits, right_bits) == 0);
static_assert(offsetof(FrontBits, code_bits) == 1);
static_assert(offsetof(FrontBits, reserved) == 2);
static_assert(offsetof(FrontBits, exceptions) == 4);
static_assert(offsetof(FrontBits, dictionary) == 8);

// The head of the manifest; records follow at once.
struct ManifestHeader {
  std::uint32_t checksum;  // crc32c of the 60 bytes after it
  std::uint32_t version;  // version: 3
  std::uint64_t magic;  // "NDTSMANI"
  std::uint64_t generation;  // grows by one with every manifest written
  std::uint64_t wal_position;  // entries up to this position are in files listed here
  std::uint64_t next_file;  // number the next segment gets
  std::uint64_t file_bytes;  // length of the manifest
  std::uint32_t shard_count;  // shards of the series table; never changes
  std::uint32_t record_count;  // records that follow
  std::uint64_t id;  // chosen when the folder was made; names the staging file
};
static_assert(sizeof(ManifestHeader) == 64);
static_assert(offsetof(ManifestHeader, checksum) == 0);
static_assert(offsetof(ManifestHeader, version) == 4);
static_assert(offsetof(ManifestHeader, magic) == 8);
static_assert(offsetof(ManifestHeader, generation) == 16);
static_assert(offsetof(ManifestHeader, wal_position) == 24);
static_assert(offsetof(ManifestHeader, next_file) == 32);
static_assert(offsetof(ManifestHeader, file_bytes) == 40);
static_assert(offsetof(ManifestHeader, shard_count) == 48);
static_assert(offsetof(ManifestHeader, record_count) == 52);
static_assert(offsetof(ManifestHeader, id) == 56);

// The head of a record; its body follows, padded with zeros to 8.
struct ManifestRecord {
  std::uint32_t checksum;  // crc32c of the 12 bytes after it and the padded body
  std::uint32_t kind;  // a ManifestKind
  std::uint32_t bytes;  // length of the body without padding
  std::uint32_t ordinal;  // place of the record, from 0
};
static_assert(sizeof(ManifestRecord) == 16);
static_assert(offsetof(ManifestRecord, checksum) == 0);
static_assert(offsetof(ManifestRecord, kind) == 4);
static_assert(offsetof(ManifestRecord, bytes) == 8);
static_assert(offsetof(ManifestRecord, ordinal) == 12);

// Body of a shard record; epochCount ManifestEpoch entries follow, oldest first.
struct ManifestShard {
  std::uint32_t shard;  // the shard
  std::uint32_t epoch_count;  // entries that follow
  std::uint64_t sealed_sequence;  // sequences below this are in segments
  std::uint64_t epoch;  // epoch of the last open, granted before its first append
};
static_assert(sizeof(ManifestShard) == 24);
static_assert(offsetof(ManifestShard, shard) == 0);
static_assert(offsetof(ManifestShard, epoch_count) == 4);
static_assert(offsetof(ManifestShard, sealed_sequence) == 8);
static_assert(offsetof(ManifestShard, epoch) == 16);

// One epoch that has rows, or the newest. It ends where the next listed one begins.
struct ManifestEpoch {
  std::uint64_t epoch;  // the epoch
  std::uint64_t first_sequence;  // sequence of its first row
};
static_assert(sizeof(ManifestEpoch) == 16);
static_assert(offsetof(ManifestEpoch, epoch) == 0);
static_assert(offsetof(ManifestEpoch, first_sequence) == 8);

// Body of a table shard record: what a shard has reached in a table other than ticks; epochCount ManifestEpoch entries follow, oldest first. None where it has no rows.
struct ManifestTableShard {
  std::uint32_t table;  // the table
  std::uint32_t shard;  // the shard
  std::uint64_t sealed_sequence;  // sequences below this are in segments
  std::uint32_t epoch_count;  // entries that follow
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(ManifestTableShard) == 24);
static_assert(offsetof(ManifestTableShard, table) == 0);
static_assert(offsetof(ManifestTableShard, shard) == 4);
static_assert(offsetof(ManifestTableShard, sealed_sequence) == 8);
static_assert(offsetof(ManifestTableShard, epoch_count) == 16);
static_assert(offsetof(ManifestTableShard, reserved) == 20);

// Body of a symbol file record; the files in the order of the manifest hold all symbols.
struct ManifestSymbolFile {
  std::uint64_t number;  // number of the file, as in its name
  std::uint64_t bytes;  // length of the file
  std::uint64_t first_ordinal;  // symbols in the files before it
  std::uint64_t count;  // symbols in it
  std::uint32_t checksum;  // checksum field of its header
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(ManifestSymbolFile) == 40);
static_assert(offsetof(ManifestSymbolFile, number) == 0);
static_assert(offsetof(ManifestSymbolFile, bytes) == 8);
static_assert(offsetof(ManifestSymbolFile, first_ordinal) == 16);
static_assert(offsetof(ManifestSymbolFile, count) == 24);
static_assert(offsetof(ManifestSymbolFile, checksum) == 32);
static_assert(offsetof(ManifestSymbolFile, reserved) == 36);

// The head of a symbol file; per symbol follow ManifestSymbol, length of the name (u32), name, unaligned.
struct SymbolFileHeader {
  std::uint32_t checksum;  // crc32c of the rest of the file
  std::uint32_t version;  // format version, 1
  std::uint64_t magic;  // "NDTSSYMB"
  std::uint64_t first_ordinal;  // symbols in the files before it
  std::uint64_t count;  // symbols in it
  std::uint64_t file_bytes;  // length of the file
  std::uint64_t number;  // number of the file, as in its name
  std::uint8_t reserved[16];  // zero
};
static_assert(sizeof(SymbolFileHeader) == 64);
static_assert(offsetof(SymbolFileHeader, checksum) == 0);
static_assert(offsetof(SymbolFileHeader, version) == 4);
static_assert(offsetof(SymbolFileHeader, magic) == 8);
static_assert(offsetof(SymbolFileHeader, first_ordinal) == 16);
static_assert(offsetof(SymbolFileHeader, count) == 24);
static_assert(offsetof(SymbolFileHeader, file_bytes) == 32);
static_assert(offsetof(SymbolFileHeader, number) == 40);
static_assert(offsetof(SymbolFileHeader, reserved) == 48);

// Body of a symbol record; the name follows, UTF-8. Written to symbol files since version 3.
struct ManifestSymbol {
  std::uint32_t symbol;  // symbol id
  std::uint32_t shard;  // its shard
};
static_assert(sizeof(ManifestSymbol) == 8);
static_assert(offsetof(ManifestSymbol, symbol) == 0);
static_assert(offsetof(ManifestSymbol, shard) == 4);

// Body of a segment record: a segment of version 1. Read, but not written any more.
struct ManifestSegment {
  std::uint64_t number;  // number of the file, as in its name
  std::int64_t day;  // UTC day
  std::uint64_t bytes;  // length of the file
  std::uint64_t rows;  // rows
  std::int64_t min_time;  // earliest time
  std::int64_t max_time;  // latest time
  std::uint64_t first_sequence;  // lowest sequence
  std::uint64_t end_sequence;  // highest sequence plus one
  std::uint32_t shard;  // the shard
  std::uint32_t trailer_checksum;  // checksum field of its trailer
};
static_assert(sizeof(ManifestSegment) == 72);
static_assert(offsetof(ManifestSegment, number) == 0);
static_assert(offsetof(ManifestSegment, day) == 8);
static_assert(offsetof(ManifestSegment, bytes) == 16);
static_assert(offsetof(ManifestSegment, rows) == 24);
static_assert(offsetof(ManifestSegment, min_time) == 32);
static_assert(offsetof(ManifestSegment, max_time) == 40);
static_assert(offsetof(ManifestSegment, first_sequence) == 48);
static_assert(offsetof(ManifestSegment, end_sequence) == 56);
static_assert(offsetof(ManifestSegment, shard) == 64);
static_assert(offsetof(ManifestSegment, trailer_checksum) == 68);

// The file COMPLETE of a snapshot folder, written and synced last.
struct SnapshotMark {
  std::uint32_t checksum;  // crc32c of the 60 bytes after it
  std::uint32_t version;  // format version, 1
  std::uint64_t magic;  // "NDTSSNAP"
  std::uint64_t generation;  // of the manifest it was taken from
  std::int64_t wall_time;  // when it was taken
  std::uint64_t bytes;  // bytes of the files that the manifest lists
  std::uint32_t file_count;  // files that the manifest lists
  std::uint32_t manifest_checksum;  // crc32c of the whole MANIFEST beside it
  std::uint8_t reserved[16];  // zero
};
static_assert(sizeof(SnapshotMark) == 64);
static_assert(offsetof(SnapshotMark, checksum) == 0);
static_assert(offsetof(SnapshotMark, version) == 4);
static_assert(offsetof(SnapshotMark, magic) == 8);
static_assert(offsetof(SnapshotMark, generation) == 16);
static_assert(offsetof(SnapshotMark, wall_time) == 24);
static_assert(offsetof(SnapshotMark, bytes) == 32);
static_assert(offsetof(SnapshotMark, file_count) == 40);
static_assert(offsetof(SnapshotMark, manifest_checksum) == 44);
static_assert(offsetof(SnapshotMark, reserved) == 48);

// Body of a series record: one segment of any table.
struct SegmentRecord {
  std::uint64_t number;  // number of the file, as in its name
  std::int64_t day;  // UTC day
  std::uint64_t bytes;  // length of the file
  std::uint64_t rows;  // rows
  std::int64_t min_time;  // earliest time
  std::int64_t max_time;  // latest time
  std::uint64_t first_sequence;  // lowest sequence
  std::uint64_t end_sequence;  // highest sequence plus one
  std::uint32_t table;  // the table
  std::uint32_t shard;  // the shard
  std::uint32_t trailer_checksum;  // checksum field of its trailer
  std::uint32_t version;  // format version of the file
};
static_assert(sizeof(SegmentRecord) == 80);
static_assert(offsetof(SegmentRecord, number) == 0);
static_assert(offsetof(SegmentRecord, day) == 8);
static_assert(offsetof(SegmentRecord, bytes) == 16);
static_assert(offsetof(SegmentRecord, rows) == 24);
static_assert(offsetof(SegmentRecord, min_time) == 32);
static_assert(offsetof(SegmentRecord, max_time) == 40);
static_assert(offsetof(SegmentRecord, first_sequence) == 48);
static_assert(offsetof(SegmentRecord, end_sequence) == 56);
static_assert(offsetof(SegmentRecord, table) == 64);
static_assert(offsetof(SegmentRecord, shard) == 68);
static_assert(offsetof(SegmentRecord, trailer_checksum) == 72);
static_assert(offsetof(SegmentRecord, version) == 76);

// Body of a key-value record; at most one. SstRecord records list the tables.
struct ManifestKeyValue {
  std::uint64_t last_sequence;  // sequence of the newest write in the tables
  std::uint64_t next_number;  // number the next sorted table gets
};
static_assert(sizeof(ManifestKeyValue) == 16);
static_assert(offsetof(ManifestKeyValue, last_sequence) == 0);
static_assert(offsetof(ManifestKeyValue, next_number) == 8);

// Body of a key-value table record; at most one. Read, but not written any more.
struct ManifestTable {
  std::uint64_t position;  // position it was written at, as in its name
  std::uint64_t bytes;  // length of the file
  std::uint64_t entries;  // entries
};
static_assert(sizeof(ManifestTable) == 24);
static_assert(offsetof(ManifestTable, position) == 0);
static_assert(offsetof(ManifestTable, bytes) == 8);
static_assert(offsetof(ManifestTable, entries) == 16);

// The first frame of either side: the reader speaks first, the server answers.
struct PullHello {
  std::uint32_t check;  // crc32c of the rest
  std::uint32_t version;  // version of the protocol, 1
  std::uint64_t magic;  // "NDTSPULL"
  std::uint32_t code;  // of the server: 0, or why it will not serve; reader: 0
  std::uint32_t read_bytes_max;  // of the server: longest read; reader: 0
  std::uint64_t reserved;  // zero
};
static_assert(sizeof(PullHello) == 32);
static_assert(offsetof(PullHello, check) == 0);
static_assert(offsetof(PullHello, version) == 4);
static_assert(offsetof(PullHello, magic) == 8);
static_assert(offsetof(PullHello, code) == 16);
static_assert(offsetof(PullHello, read_bytes_max) == 20);
static_assert(offsetof(PullHello, reserved) == 24);

// One read. Answered in the order asked.
struct PullRequest {
  std::uint32_t check;  // crc32c of the rest
  std::uint32_t region;  // where the server finds the grant
  std::uint64_t id;  // chosen by the reader, repeated in the reply
  std::uint64_t key;  // of the grant
  std::uint64_t offset;  // of the first byte wanted, from the start of the grant
  std::uint32_t length;  // bytes wanted, at least 1
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(PullRequest) == 40);
static_assert(offsetof(PullRequest, check) == 0);
static_assert(offsetof(PullRequest, region) == 4);
static_assert(offsetof(PullRequest, id) == 8);
static_assert(offsetof(PullRequest, key) == 16);
static_assert(offsetof(PullRequest, offset) == 24);
static_assert(offsetof(PullRequest, length) == 32);
static_assert(offsetof(PullRequest, reserved) == 36);

// Head of an answer. With code 0, length bytes and a PullTrailer follow.
struct PullReply {
  std::uint32_t check;  // crc32c of the rest
  std::uint32_t code;  // 0, or the number of an error code
  std::uint64_t id;  // of the request
  std::uint32_t length;  // bytes that follow; 0 unless code is 0
  std::uint32_t flags;  // 1: the bytes prove themselves; else zero
};
static_assert(sizeof(PullReply) == 24);
static_assert(offsetof(PullReply, check) == 0);
static_assert(offsetof(PullReply, code) == 4);
static_assert(offsetof(PullReply, id) == 8);
static_assert(offsetof(PullReply, length) == 16);
static_assert(offsetof(PullReply, flags) == 20);

// After the bytes of an answer.
struct PullTrailer {
  std::uint32_t check;  // crc32c of the bytes, seeded with the check of the reply; with flag 1 of none
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(PullTrailer) == 8);
static_assert(offsetof(PullTrailer, check) == 0);
static_assert(offsetof(PullTrailer, reserved) == 4);

// A grant of mapped memory: a file beside it. The path of the memory follows.
struct PullLease {
  std::uint64_t magic;  // "NDTSLEAS"
  std::uint64_t key;  // of the grant
  std::int64_t expires_at_ms;  // milliseconds since 1970-01-01 UTC
  std::uint64_t length;  // bytes of the memory
  std::uint64_t open;  // 1 until it is revoked, then 0
  std::uint32_t changes;  // 1 when the memory changes while it is read
  std::uint32_t path_bytes;  // bytes of the path
  std::uint8_t reserved[16];  // zero
};
static_assert(sizeof(PullLease) == 64);
static_assert(offsetof(PullLease, magic) == 0);
static_assert(offsetof(PullLease, key) == 8);
static_assert(offsetof(PullLease, expires_at_ms) == 16);
static_assert(offsetof(PullLease, length) == 24);
static_assert(offsetof(PullLease, open) == 32);
static_assert(offsetof(PullLease, changes) == 40);
static_assert(offsetof(PullLease, path_bytes) == 44);
static_assert(offsetof(PullLease, reserved) == 48);

// One published value on a cache line of its own. check = value ^ epoch ^ kRingLineSalt.
struct RingLine {
  std::uint64_t value;  // a slot count or sequence; only ever grows within an epoch
  std::uint64_t epoch;  // the epoch of the ring, repeated so that a torn read shows
  std::uint64_t check;  // value ^ epoch ^ salt; a mismatch is re-read
  std::uint8_t reserved[40];  // zero
};
static_assert(sizeof(RingLine) == 64);
static_assert(offsetof(RingLine, value) == 0);
static_assert(offsetof(RingLine, epoch) == 8);
static_assert(offsetof(RingLine, check) == 16);
static_assert(offsetof(RingLine, reserved) == 24);

// The head of a ring. Ten 64-byte lines; then slotCount slots of slotBytes each.
struct RingHeader {
  std::uint64_t magic;  // "NDTSRING"
  std::uint32_t version;  // layout version, 1
  std::uint32_t record_kind;  // 1 tick, 2 trade, 3 book, 4 factor, 5 signal
  std::uint32_t slot_bytes;  // bytes of a slot
  std::uint32_t slot_count;  // number of slots, a power of two
  std::uint32_t shard;  // the shard, or the strategy instance for signals
  std::uint32_t reserved0;  // zero
  std::uint64_t epoch;  // epoch of the writer; a new epoch is a new ring
  std::uint64_t first_sequence;  // sequence of the first slot ever written in this ring
  std::uint8_t reserved1[16];  // zero
  RingLine intent;  // the writer may overwrite up to this sequence (exclusive)
  RingLine tail;  // sequences below this are committed (exclusive)
  RingLine accepted;  // watermark: survives kill -9 (exclusive sequence)
  RingLine durable;  // watermark: survives power loss
  RingLine replicated;  // watermark: survives the machine
  RingLine sealed;  // watermark: in a segment, listed by the manifest
  RingLine heartbeat;  // monotonic nanoseconds of the writer, while it lives
  std::uint8_t reserved2[128];  // zero
};
static_assert(sizeof(RingHeader) == 640);
static_assert(offsetof(RingHeader, magic) == 0);
static_assert(offsetof(RingHeader, version) == 8);
static_assert(offsetof(RingHeader, record_kind) == 12);
static_assert(offsetof(RingHeader, slot_bytes) == 16);
static_assert(offsetof(RingHeader, slot_count) == 20);
static_assert(offsetof(RingHeader, shard) == 24);
static_assert(offsetof(RingHeader, reserved0) == 28);
static_assert(offsetof(RingHeader, epoch) == 32);
static_assert(offsetof(RingHeader, first_sequence) == 40);
static_assert(offsetof(RingHeader, reserved1) == 48);
static_assert(offsetof(RingHeader, intent) == 64);
static_assert(offsetof(RingHeader, tail) == 128);
static_assert(offsetof(RingHeader, accepted) == 192);
static_assert(offsetof(RingHeader, durable) == 256);
static_assert(offsetof(RingHeader, replicated) == 320);
static_assert(offsetof(RingHeader, sealed) == 384);
static_assert(offsetof(RingHeader, heartbeat) == 448);
static_assert(offsetof(RingHeader, reserved2) == 512);

// How readers that sleep are woken; one file beside the rings of a writer.
struct BellLine {
  std::uint32_t rung;  // how often it was rung; the word that is slept on (futex)
  std::uint32_t sleeping;  // 1: somebody may sleep; readers set it, the writer clears it
  std::uint8_t reserved[56];  // zero
};
static_assert(sizeof(BellLine) == 64);
static_assert(offsetof(BellLine, rung) == 0);
static_assert(offsetof(BellLine, sleeping) == 4);
static_assert(offsetof(BellLine, reserved) == 8);

// One tick, one cache line. Its sequence follows from its position in the ring.
struct TickSlot {
  std::int64_t time;  // nanoseconds since 1970-01-01 UTC
  std::uint32_t symbol;  // cluster-wide symbol id
  std::uint32_t flags;  // bits of TickFlags
  double price;  // last price
  double volume;  // last volume
  double bid;  // best bid
  double ask;  // best ask
  double bid_volume;  // volume at the best bid
  double ask_volume;  // volume at the best ask
};
static_assert(sizeof(TickSlot) == 64);
static_assert(offsetof(TickSlot, time) == 0);
static_assert(offsetof(TickSlot, symbol) == 8);
static_assert(offsetof(TickSlot, flags) == 12);
static_assert(offsetof(TickSlot, price) == 16);
static_assert(offsetof(TickSlot, volume) == 24);
static_assert(offsetof(TickSlot, bid) == 32);
static_assert(offsetof(TickSlot, ask) == 40);
static_assert(offsetof(TickSlot, bid_volume) == 48);
static_assert(offsetof(TickSlot, ask_volume) == 56);

// One trade, one cache line. Its sequence follows from its position in the ring.
struct TradeSlot {
  std::int64_t time;  // nanoseconds since 1970-01-01 UTC
  std::uint32_t symbol;  // cluster-wide symbol id
  std::uint32_t flags;  // bits of TradeFlags
  double price;  // price
  double volume;  // volume
  double trade_id;  // id of the venue where the flag id is set; else 0
  std::uint8_t reserved[24];  // zero
};
static_assert(sizeof(TradeSlot) == 64);
static_assert(offsetof(TradeSlot, time) == 0);
static_assert(offsetof(TradeSlot, symbol) == 8);
static_assert(offsetof(TradeSlot, flags) == 12);
static_assert(offsetof(TradeSlot, price) == 16);
static_assert(offsetof(TradeSlot, volume) == 24);
static_assert(offsetof(TradeSlot, trade_id) == 32);
static_assert(offsetof(TradeSlot, reserved) == 40);

// The best five levels of a book. Its sequence follows from its position in the ring.
struct BookSlot {
  std::int64_t time;  // nanoseconds since 1970-01-01 UTC
  std::uint32_t symbol;  // cluster-wide symbol id
  std::uint32_t flags;  // bits of BookFlags
  double bid1;  // bid of level 1
  double bid2;  // bid of level 2
  double bid3;  // bid of level 3
  double bid4;  // bid of level 4
  double bid5;  // bid of level 5
  double bid_volume1;  // volume at the bid of level 1
  double bid_volume2;  // volume at the bid of level 2
  double bid_volume3;  // volume at the bid of level 3
  double bid_volume4;  // volume at the bid of level 4
  double bid_volume5;  // volume at the bid of level 5
  double ask1;  // ask of level 1
  double ask2;  // ask of level 2
  double ask3;  // ask of level 3
  double ask4;  // ask of level 4
  double ask5;  // ask of level 5
  double ask_volume1;  // volume at the ask of level 1
  double ask_volume2;  // volume at the ask of level 2
  double ask_volume3;  // volume at the ask of level 3
  double ask_volume4;  // volume at the ask of level 4
  double ask_volume5;  // volume at the ask of level 5
  std::uint32_t missing;  // bit n: number n of the twenty before is not there
  std::uint32_t reserved0;  // zero
  std::uint8_t reserved1[72];  // zero
};
static_assert(sizeof(BookSlot) == 256);
static_assert(offsetof(BookSlot, time) == 0);
static_assert(offsetof(BookSlot, symbol) == 8);
static_assert(offsetof(BookSlot, flags) == 12);
static_assert(offsetof(BookSlot, bid1) == 16);
static_assert(offsetof(BookSlot, bid2) == 24);
static_assert(offsetof(BookSlot, bid3) == 32);
static_assert(offsetof(BookSlot, bid4) == 40);
static_assert(offsetof(BookSlot, bid5) == 48);
static_assert(offsetof(BookSlot, bid_volume1) == 56);
static_assert(offsetof(BookSlot, bid_volume2) == 64);
static_assert(offsetof(BookSlot, bid_volume3) == 72);
static_assert(offsetof(BookSlot, bid_volume4) == 80);
static_assert(offsetof(BookSlot, bid_volume5) == 88);
static_assert(offsetof(BookSlot, ask1) == 96);
static_assert(offsetof(BookSlot, ask2) == 104);
static_assert(offsetof(BookSlot, ask3) == 112);
static_assert(offsetof(BookSlot, ask4) == 120);
static_assert(offsetof(BookSlot, ask5) == 128);
static_assert(offsetof(BookSlot, ask_volume1) == 136);
static_assert(offsetof(BookSlot, ask_volume2) == 144);
static_assert(offsetof(BookSlot, ask_volume3) == 152);
static_assert(offsetof(BookSlot, ask_volume4) == 160);
static_assert(offsetof(BookSlot, ask_volume5) == 168);
static_assert(offsetof(BookSlot, missing) == 176);
static_assert(offsetof(BookSlot, reserved0) == 180);
static_assert(offsetof(BookSlot, reserved1) == 184);

// One factor value with the tick it came from.
struct FactorSlot {
  std::int64_t time;  // time of the tick
  std::uint32_t symbol;  // symbol id
  std::uint32_t factor;  // factor id within the strategy instance
  double value;  // the factor value; for Bollinger %B
  double price;  // price of the tick
  double middle;  // middle band
  double upper;  // upper band
  double lower;  // lower band
  std::int32_t signal;  // +1, -1 or 0
  std::uint32_t shard;  // shard of the tick
  std::uint64_t epoch;  // epoch of the tick
  std::uint64_t sequence;  // sequence of the tick
  double first_sequence;  // of the first tick behind the value; NaN: not known
  std::uint8_t reserved[40];  // zero
};
static_assert(sizeof(FactorSlot) == 128);
static_assert(offsetof(FactorSlot, time) == 0);
static_assert(offsetof(FactorSlot, symbol) == 8);
static_assert(offsetof(FactorSlot, factor) == 12);
static_assert(offsetof(FactorSlot, value) == 16);
static_assert(offsetof(FactorSlot, price) == 24);
static_assert(offsetof(FactorSlot, middle) == 32);
static_assert(offsetof(FactorSlot, upper) == 40);
static_assert(offsetof(FactorSlot, lower) == 48);
static_assert(offsetof(FactorSlot, signal) == 56);
static_assert(offsetof(FactorSlot, shard) == 60);
static_assert(offsetof(FactorSlot, epoch) == 64);
static_assert(offsetof(FactorSlot, sequence) == 72);
static_assert(offsetof(FactorSlot, first_sequence) == 80);
static_assert(offsetof(FactorSlot, reserved) == 88);

// One signal: what a strategy asks for, with the id that makes it idempotent.
struct SignalSlot {
  std::int64_t time;  // when it was emitted
  std::int64_t tick_time;  // time of the tick that caused it
  std::uint32_t symbol;  // symbol id
  std::uint32_t instance;  // strategy instance id
  std::uint64_t ordinal;  // grows by one per signal of the instance, never re-used
  std::int32_t side;  // +1 buy, -1 sell
  std::uint32_t order_type;  // an OrderType
  std::int64_t quantity;  // scaled by 1e8
  std::int64_t limit_price;  // scaled by 1e8; 0 for market
  std::uint32_t valid_for_ms;  // intake refuses it when older
  std::uint32_t shard;  // lineage: shard of the tick
  std::uint64_t epoch;  // lineage: epoch of the tick
  std::uint64_t sequence;  // lineage: sequence of the tick
  double factor_value;  // lineage: the factor value acted on
  double price;  // price seen by the strategy
  std::int64_t parameter;  // stop: price that triggers; trailing: distance; iceberg: quantity shown; TWAP, VWAP: slices; scaled by 1e8, else 0
  std::int64_t take_profit;  // bracket: limit price of the leg that takes the profit, scaled by 1e8; 0: none
  std::int64_t stop_loss;  // bracket: price that triggers the leg that ends the loss, scaled by 1e8; 0: none
  std::uint32_t work_for_ms;  // GTD, TWAP, VWAP: how long from its emission; else 0
  std::uint8_t time_in_force;  // a TimeInForce; 0: gtc
  std::uint8_t offset;  // an OrderOffset; 0: none
  std::uint16_t flags;  // bits of OrderFlags
};
static_assert(sizeof(SignalSlot) == 128);
static_assert(offsetof(SignalSlot, time) == 0);
static_assert(offsetof(SignalSlot, tick_time) == 8);
static_assert(offsetof(SignalSlot, symbol) == 16);
static_assert(offsetof(SignalSlot, instance) == 20);
static_assert(offsetof(SignalSlot, ordinal) == 24);
static_assert(offsetof(SignalSlot, side) == 32);
static_assert(offsetof(SignalSlot, order_type) == 36);
static_assert(offsetof(SignalSlot, quantity) == 40);
static_assert(offsetof(SignalSlot, limit_price) == 48);
static_assert(offsetof(SignalSlot, valid_for_ms) == 56);
static_assert(offsetof(SignalSlot, shard) == 60);
static_assert(offsetof(SignalSlot, epoch) == 64);
static_assert(offsetof(SignalSlot, sequence) == 72);
static_assert(offsetof(SignalSlot, factor_value) == 80);
static_assert(offsetof(SignalSlot, price) == 88);
static_assert(offsetof(SignalSlot, parameter) == 96);
static_assert(offsetof(SignalSlot, take_profit) == 104);
static_assert(offsetof(SignalSlot, stop_loss) == 112);
static_assert(offsetof(SignalSlot, work_for_ms) == 120);
static_assert(offsetof(SignalSlot, time_in_force) == 124);
static_assert(offsetof(SignalSlot, offset) == 125);
static_assert(offsetof(SignalSlot, flags) == 126);

// The head of a segment file; the first block follows at once.
struct SegmentHeader {
  std::uint32_t checksum;  // crc32c of the 60 bytes after it
  std::uint32_t version;  // format version, 2
  std::uint64_t magic;  // "NDTSSEGM"
  std::uint32_t shard;  // the one shard of the file
  std::uint32_t table;  // the one table of the file; zero in version 1
  std::int64_t day;  // the one UTC day of the file, days since 1970-01-01
  std::uint64_t rows;  // rows in all blocks
  std::uint64_t number;  // number of the file, as in its name
  std::uint8_t reserved1[16];  // zero
};
static_assert(sizeof(SegmentHeader) == 64);
static_assert(offsetof(SegmentHeader, checksum) == 0);
static_assert(offsetof(SegmentHeader, version) == 4);
static_assert(offsetof(SegmentHeader, magic) == 8);
static_assert(offsetof(SegmentHeader, shard) == 16);
static_assert(offsetof(SegmentHeader, table) == 20);
static_assert(offsetof(SegmentHeader, day) == 24);
static_assert(offsetof(SegmentHeader, rows) == 32);
static_assert(offsetof(SegmentHeader, number) == 40);
static_assert(offsetof(SegmentHeader, reserved1) == 48);

// Footer entry of one block: some consecutive rows in (symbol, time, sequence) order.
struct SegmentBlock {
  std::uint64_t offset;  // where the block starts in the file
  std::uint64_t bytes;  // its length, a multiple of 8
  std::uint32_t rows;  // rows of the block, 1 to 4096
  std::uint32_t first_run;  // place of its first SegmentRun
  std::uint32_t run_count;  // its SegmentRun entries: symbols with rows in it
  std::uint32_t reserved;  // zero
  std::int64_t min_time;  // earliest time
  std::int64_t max_time;  // latest time
  std::uint64_t first_sequence;  // lowest sequence
  std::uint64_t end_sequence;  // highest sequence plus one
};
static_assert(sizeof(SegmentBlock) == 64);
static_assert(offsetof(SegmentBlock, offset) == 0);
static_assert(offsetof(SegmentBlock, bytes) == 8);
static_assert(offsetof(SegmentBlock, rows) == 16);
static_assert(offsetof(SegmentBlock, first_run) == 20);
static_assert(offsetof(SegmentBlock, run_count) == 24);
static_assert(offsetof(SegmentBlock, reserved) == 28);
static_assert(offsetof(SegmentBlock, min_time) == 32);
static_assert(offsetof(SegmentBlock, max_time) == 40);
static_assert(offsetof(SegmentBlock, first_sequence) == 48);
static_assert(offsetof(SegmentBlock, end_sequence) == 56);

// Footer entry of one strip: the bytes of one stream in one block.
struct SegmentStrip {
  std::uint32_t offset;  // from the start of the block, a multiple of 8
  std::uint32_t bytes;  // its length; zeros follow up to a multiple of 8
  std::uint32_t checksum;  // crc32c of its bytes and the zeros
  std::uint32_t encoding;  // a StripEncoding
  std::uint64_t min;  // bits of the least value: i64, f64 or u64 by the type
  std::uint64_t max;  // bits of the greatest value
};
static_assert(sizeof(SegmentStrip) == 32);
static_assert(offsetof(SegmentStrip, offset) == 0);
static_assert(offsetof(SegmentStrip, bytes) == 4);
static_assert(offsetof(SegmentStrip, checksum) == 8);
static_assert(offsetof(SegmentStrip, encoding) == 12);
static_assert(offsetof(SegmentStrip, min) == 16);
static_assert(offsetof(SegmentStrip, max) == 24);

// Footer entry of one run: the rows of one symbol in one block.
struct SegmentRun {
  std::uint32_t symbol;  // symbol id
  std::uint32_t block;  // place of the block
  std::uint32_t first_row;  // first row in the block
  std::uint32_t rows;  // rows
  std::int64_t min_time;  // time of its first row
  std::int64_t max_time;  // time of its last row
};
static_assert(sizeof(SegmentRun) == 32);
static_assert(offsetof(SegmentRun, symbol) == 0);
static_assert(offsetof(SegmentRun, block) == 4);
static_assert(offsetof(SegmentRun, first_row) == 8);
static_assert(offsetof(SegmentRun, rows) == 12);
static_assert(offsetof(SegmentRun, min_time) == 16);
static_assert(offsetof(SegmentRun, max_time) == 24);

// Footer entry of one stream: a physical column of every block.
struct SegmentStream {
  std::uint32_t name_offset;  // name of the column, from the start of the text
  std::uint32_t name_bytes;  // its bytes, UTF-8; zero for what every table has
  std::uint16_t column;  // place of the column in the schema, else zero
  std::uint8_t part;  // a StreamPart
  std::uint8_t type;  // the ValueType of the column, else zero
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(SegmentStream) == 16);
static_assert(offsetof(SegmentStream, name_offset) == 0);
static_assert(offsetof(SegmentStream, name_bytes) == 4);
static_assert(offsetof(SegmentStream, column) == 8);
static_assert(offsetof(SegmentStream, part) == 10);
static_assert(offsetof(SegmentStream, type) == 11);
static_assert(offsetof(SegmentStream, reserved) == 12);

// Version 1: footer entry of one block, some consecutive rows of one symbol.
struct SegmentBlockV1 {
  std::uint32_t symbol;  // symbol id
  std::uint32_t rows;  // rows of the block, 1 to 4096
  std::uint64_t offset;  // where the block starts in the file
  std::uint64_t bytes;  // its length
  std::uint32_t checksum;  // crc32c of its bytes
  std::uint32_t codec;  // a BlockCodec
  std::int64_t min_time;  // time of its first row
  std::int64_t max_time;  // time of its last row
  double min_price;  // smallest price that is a number, else +infinity
  double max_price;  // largest price that is a number, else -infinity
};
static_assert(sizeof(SegmentBlockV1) == 64);
static_assert(offsetof(SegmentBlockV1, symbol) == 0);
static_assert(offsetof(SegmentBlockV1, rows) == 4);
static_assert(offsetof(SegmentBlockV1, offset) == 8);
static_assert(offsetof(SegmentBlockV1, bytes) == 16);
static_assert(offsetof(SegmentBlockV1, checksum) == 24);
static_assert(offsetof(SegmentBlockV1, codec) == 28);
static_assert(offsetof(SegmentBlockV1, min_time) == 32);
static_assert(offsetof(SegmentBlockV1, max_time) == 40);
static_assert(offsetof(SegmentBlockV1, min_price) == 48);
static_assert(offsetof(SegmentBlockV1, max_price) == 56);

// Footer entry of one symbol: where its name is in the text at the end of the footer.
struct SegmentName {
  std::uint32_t symbol;  // symbol id
  std::uint32_t bytes;  // bytes of the name, UTF-8
  std::uint64_t offset;  // from the start of the text
};
static_assert(sizeof(SegmentName) == 16);
static_assert(offsetof(SegmentName, symbol) == 0);
static_assert(offsetof(SegmentName, bytes) == 4);
static_assert(offsetof(SegmentName, offset) == 8);

// Footer entry: the sequences of one epoch that have rows here.
struct SegmentRange {
  std::uint64_t epoch;  // epoch of the shard
  std::uint64_t first_sequence;  // lowest sequence
  std::uint64_t end_sequence;  // highest sequence plus one
  std::uint64_t rows;  // rows of the epoch
};
static_assert(sizeof(SegmentRange) == 32);
static_assert(offsetof(SegmentRange, epoch) == 0);
static_assert(offsetof(SegmentRange, first_sequence) == 8);
static_assert(offsetof(SegmentRange, end_sequence) == 16);
static_assert(offsetof(SegmentRange, rows) == 24);

// The last 64 bytes of a segment file.
struct SegmentTrailer {
  std::uint32_t checksum;  // crc32c of the 60 bytes after it
  std::uint32_t version;  // format version, 2
  std::uint64_t magic;  // "NDTSSEGM"
  std::uint64_t footer_offset;  // where the footer starts; the blocks end there
  std::uint32_t footer_checksum;  // crc32c of the footer
  std::uint32_t block_count;  // SegmentBlock entries, in version 1 SegmentBlockV1
  std::uint32_t name_count;  // SegmentName entries
  std::uint32_t range_count;  // SegmentRange entries
  std::uint64_t text_bytes;  // bytes of the names, padded with zeros to 8
  std::uint64_t file_bytes;  // length of the file
  std::uint32_t run_count;  // SegmentRun entries; zero in version 1
  std::uint32_t stream_count;  // SegmentStream entries; zero in version 1
};
static_assert(sizeof(SegmentTrailer) == 64);
static_assert(offsetof(SegmentTrailer, checksum) == 0);
static_assert(offsetof(SegmentTrailer, version) == 4);
static_assert(offsetof(SegmentTrailer, magic) == 8);
static_assert(offsetof(SegmentTrailer, footer_offset) == 16);
static_assert(offsetof(SegmentTrailer, footer_checksum) == 24);
static_assert(offsetof(SegmentTrailer, block_count) == 28);
static_assert(offsetof(SegmentTrailer, name_count) == 32);
static_assert(offsetof(SegmentTrailer, range_count) == 36);
static_assert(offsetof(SegmentTrailer, text_bytes) == 40);
static_assert(offsetof(SegmentTrailer, file_bytes) == 48);
static_assert(offsetof(SegmentTrailer, run_count) == 56);
static_assert(offsetof(SegmentTrailer, stream_count) == 60);

// The head of a sorted table file; the first block follows at once.
struct SstHeader {
  std::uint32_t checksum;  // crc32c of the 124 bytes after it
  std::uint32_t version;  // format version, 1
  std::uint64_t magic;  // "NDTSSSTB"
  std::uint64_t number;  // number of the file, as in its name
  std::uint64_t entries;  // entries, deletes included
  std::uint64_t deletes;  // entries that are deletes
  std::uint64_t first_sequence;  // writes from this sequence may be here
  std::uint64_t last_sequence;  // up to this one, inclusive
  std::uint64_t index_offset;  // where the footer starts; the blocks end there
  std::uint64_t key_bytes;  // bytes of the keys of the footer, without padding
  std::uint64_t filter_offset;  // where the bloom filter starts; a multiple of 64
  std::uint64_t file_bytes;  // length of the file; the filter ends there
  std::uint32_t block_count;  // SstIndexEntry entries
  std::uint32_t min_key_bytes;  // bytes of the least key, the first of the footer
  std::uint32_t footer_checksum;  // crc32c from indexOffset to the end
  std::uint32_t reserved0;  // zero
  std::uint8_t reserved[24];  // zero
};
static_assert(sizeof(SstHeader) == 128);
static_assert(offsetof(SstHeader, checksum) == 0);
static_assert(offsetof(SstHeader, version) == 4);
static_assert(offsetof(SstHeader, magic) == 8);
static_assert(offsetof(SstHeader, number) == 16);
static_assert(offsetof(SstHeader, entries) == 24);
static_assert(offsetof(SstHeader, deletes) == 32);
static_assert(offsetof(SstHeader, first_sequence) == 40);
static_assert(offsetof(SstHeader, last_sequence) == 48);
static_assert(offsetof(SstHeader, index_offset) == 56);
static_assert(offsetof(SstHeader, key_bytes) == 64);
static_assert(offsetof(SstHeader, filter_offset) == 72);
static_assert(offsetof(SstHeader, file_bytes) == 80);
static_assert(offsetof(SstHeader, block_count) == 88);
static_assert(offsetof(SstHeader, min_key_bytes) == 92);
static_assert(offsetof(SstHeader, footer_checksum) == 96);
static_assert(offsetof(SstHeader, reserved0) == 100);
static_assert(offsetof(SstHeader, reserved) == 104);

// The head of a block. Entries follow, then one u16 per entry: where it starts in the block.
struct SstBlockHead {
  std::uint32_t checksum;  // crc32c of the rest of the block, seeded with file number and place of the block
  std::uint32_t entries;  // entries, at least 1
};
static_assert(sizeof(SstBlockHead) == 8);
static_assert(offsetof(SstBlockHead, checksum) == 0);
static_assert(offsetof(SstBlockHead, entries) == 4);

// Footer entry of one block.
struct SstIndexEntry {
  std::uint64_t offset;  // where the block starts in the file
  std::uint64_t key_offset;  // where its last key starts in the keys of the footer
  std::uint32_t bytes;  // length of the block
  std::uint32_t key_bytes;  // length of its last key
};
static_assert(sizeof(SstIndexEntry) == 24);
static_assert(offsetof(SstIndexEntry, offset) == 0);
static_assert(offsetof(SstIndexEntry, key_offset) == 8);
static_assert(offsetof(SstIndexEntry, bytes) == 16);
static_assert(offsetof(SstIndexEntry, key_bytes) == 20);

// A sorted table as a manifest lists it; its least and its greatest key follow.
struct SstRecord {
  std::uint64_t number;  // number of the file, as in its name
  std::uint64_t bytes;  // length of the file
  std::uint64_t entries;  // entries, deletes included
  std::uint64_t deletes;  // entries that are deletes
  std::uint64_t first_sequence;  // writes from this sequence may be in it
  std::uint64_t last_sequence;  // up to this one, inclusive
  std::uint64_t hidden_bytes;  // estimate of what it hides in older files
  std::uint32_t level;  // 0 to 6
  std::uint32_t header_checksum;  // checksum field of its header
  std::uint32_t min_key_bytes;  // bytes of the least key
  std::uint32_t max_key_bytes;  // bytes of the greatest key
};
static_assert(sizeof(SstRecord) == 72);
static_assert(offsetof(SstRecord, number) == 0);
static_assert(offsetof(SstRecord, bytes) == 8);
static_assert(offsetof(SstRecord, entries) == 16);
static_assert(offsetof(SstRecord, deletes) == 24);
static_assert(offsetof(SstRecord, first_sequence) == 32);
static_assert(offsetof(SstRecord, last_sequence) == 40);
static_assert(offsetof(SstRecord, hidden_bytes) == 48);
static_assert(offsetof(SstRecord, level) == 56);
static_assert(offsetof(SstRecord, header_checksum) == 60);
static_assert(offsetof(SstRecord, min_key_bytes) == 64);
static_assert(offsetof(SstRecord, max_key_bytes) == 68);

// Rows of one shard in a log entry of kind ticks, which holds one or more of these. Columns follow, each `rows` long: time, price, volume, bid, ask, bid volume, ask volume (8 bytes each), symbol, flags (4 each).
struct TicksEntry {
  std::uint64_t epoch;  // epoch of the shard
  std::uint64_t first_sequence;  // sequence of the first row; the rest follow
  std::uint32_t shard;  // the shard
  std::uint32_t rows;  // rows
};
static_assert(sizeof(TicksEntry) == 24);
static_assert(offsetof(TicksEntry, epoch) == 0);
static_assert(offsetof(TicksEntry, first_sequence) == 8);
static_assert(offsetof(TicksEntry, shard) == 16);
static_assert(offsetof(TicksEntry, rows) == 20);

// Rows of one shard of any table in a log entry of kind rows, which holds one or more of these. Columns follow, each `rows` long and padded with zeros to 8: time (i64), symbol (u32), then per column of the schema its values (of text and bytes: lengths, u32) and, if it is nullable, its nulls (u8); then the heap: all texts and bytes one after the other, by column, then row, padded with zeros to 8.
struct RowsEntry {
  std::uint64_t epoch;  // epoch of the shard
  std::uint64_t first_sequence;  // sequence of the first row; the rest follow
  std::uint32_t table;  // the table
  std::uint32_t shard;  // the shard
  std::uint32_t rows;  // rows
  std::uint32_t heap_bytes;  // bytes of the heap without padding
};
static_assert(sizeof(RowsEntry) == 32);
static_assert(offsetof(RowsEntry, epoch) == 0);
static_assert(offsetof(RowsEntry, first_sequence) == 8);
static_assert(offsetof(RowsEntry, table) == 16);
static_assert(offsetof(RowsEntry, shard) == 20);
static_assert(offsetof(RowsEntry, rows) == 24);
static_assert(offsetof(RowsEntry, heap_bytes) == 28);

// Body of a log entry of kind table and of a schema record: name of the table, then per column SchemaColumn and name.
struct SchemaHead {
  std::uint32_t table;  // id of the table
  std::uint32_t column_count;  // columns
  std::uint32_t name_bytes;  // bytes of the name, UTF-8
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(SchemaHead) == 16);
static_assert(offsetof(SchemaHead, table) == 0);
static_assert(offsetof(SchemaHead, column_count) == 4);
static_assert(offsetof(SchemaHead, name_bytes) == 8);
static_assert(offsetof(SchemaHead, reserved) == 12);

// One column of a schema; its name follows, UTF-8.
struct SchemaColumn {
  std::uint8_t type;  // a ValueType
  std::uint8_t nullable;  // 1 where values may be null
  std::uint16_t name_bytes;  // bytes of the name
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(SchemaColumn) == 8);
static_assert(offsetof(SchemaColumn, type) == 0);
static_assert(offsetof(SchemaColumn, nullable) == 1);
static_assert(offsetof(SchemaColumn, name_bytes) == 2);
static_assert(offsetof(SchemaColumn, reserved) == 4);

// Body of a log entry of kind symbol; the name follows, UTF-8.
struct SymbolEntryHead {
  std::uint32_t symbol;  // symbol id
  std::uint32_t shard;  // its shard
};
static_assert(sizeof(SymbolEntryHead) == 8);
static_assert(offsetof(SymbolEntryHead, symbol) == 0);
static_assert(offsetof(SymbolEntryHead, shard) == 4);

// One operation of a log entry of kind keyValue; key and value follow, unaligned.
struct KeyValueHead {
  std::uint32_t kind;  // a KeyValueKind
  std::uint32_t key_bytes;  // bytes of the key, UTF-8
  std::uint32_t value_bytes;  // bytes of the value; 0 for a delete
};
static_assert(sizeof(KeyValueHead) == 12);
static_assert(offsetof(KeyValueHead, kind) == 0);
static_assert(offsetof(KeyValueHead, key_bytes) == 4);
static_assert(offsetof(KeyValueHead, value_bytes) == 8);

// The head of a log entry of kind joined: a key-value batch follows, zeros to a multiple of 8, then the body of an entry of kind ticks or rows.
struct JoinedHead {
  std::uint32_t kind;  // the LogKind of the rows: ticks or rows
  std::uint32_t batch_bytes;  // bytes of the key-value batch, without the zeros
};
static_assert(sizeof(JoinedHead) == 8);
static_assert(offsetof(JoinedHead, kind) == 0);
static_assert(offsetof(JoinedHead, batch_bytes) == 4);

// The head of a key-value table file; entries follow at once, keys strictly ascending.
struct TableHeader {
  std::uint32_t checksum;  // crc32c of the 60 bytes after it
  std::uint32_t version;  // format version, 1
  std::uint64_t magic;  // "NDTSKEYV"
  std::uint64_t position;  // holds every write up to this log position
  std::uint64_t entries;  // entries
  std::uint64_t file_bytes;  // length of the file
  std::uint8_t reserved[24];  // zero
};
static_assert(sizeof(TableHeader) == 64);
static_assert(offsetof(TableHeader, checksum) == 0);
static_assert(offsetof(TableHeader, version) == 4);
static_assert(offsetof(TableHeader, magic) == 8);
static_assert(offsetof(TableHeader, position) == 16);
static_assert(offsetof(TableHeader, entries) == 24);
static_assert(offsetof(TableHeader, file_bytes) == 32);
static_assert(offsetof(TableHeader, reserved) == 40);

// The head of an entry; key and value follow, together padded with zeros to 8.
struct TableEntry {
  std::uint32_t checksum;  // crc32c of the 12 bytes after it, key, value and padding
  std::uint32_t key_bytes;  // bytes of the key
  std::uint32_t value_bytes;  // bytes of the value
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(TableEntry) == 16);
static_assert(offsetof(TableEntry, checksum) == 0);
static_assert(offsetof(TableEntry, key_bytes) == 4);
static_assert(offsetof(TableEntry, value_bytes) == 8);
static_assert(offsetof(TableEntry, reserved) == 12);

// Starts wal_{sequence:020}.log; zeros up to offset 4096, where the entries begin.
struct WalFileHeader {
  std::uint32_t checksum;  // crc32c of the rest of this header
  std::uint32_t version;  // layout version, 1
  std::uint64_t magic;  // "NDTSWAL1"
  std::uint64_t log_id;  // names the log; the same in all its files
  std::uint64_t file_sequence;  // the number in the file name
  std::uint64_t epoch;  // grows by one at every open of the log
  std::uint64_t previous_end;  // earlier files count up to this position only
  std::uint64_t start_position;  // position of the first entry, >= previousEnd
  std::uint64_t file_bytes;  // size of this file
  std::uint64_t staging_bytes;  // bound of what was accepted but not durable
  std::int64_t wall_time;  // when it was made, nanoseconds since 1970-01-01 UTC
  std::uint8_t reserved[48];  // zero
};
static_assert(sizeof(WalFileHeader) == 128);
static_assert(offsetof(WalFileHeader, checksum) == 0);
static_assert(offsetof(WalFileHeader, version) == 4);
static_assert(offsetof(WalFileHeader, magic) == 8);
static_assert(offsetof(WalFileHeader, log_id) == 16);
static_assert(offsetof(WalFileHeader, file_sequence) == 24);
static_assert(offsetof(WalFileHeader, epoch) == 32);
static_assert(offsetof(WalFileHeader, previous_end) == 40);
static_assert(offsetof(WalFileHeader, start_position) == 48);
static_assert(offsetof(WalFileHeader, file_bytes) == 56);
static_assert(offsetof(WalFileHeader, staging_bytes) == 64);
static_assert(offsetof(WalFileHeader, wall_time) == 72);
static_assert(offsetof(WalFileHeader, reserved) == 80);

// Before each payload; header and payload are padded with zeros to a multiple of 8.
struct WalEntryHeader {
  std::uint32_t checksum;  // crc32c seeded by file or memory, to the padding's end
  std::uint32_t payload_bytes;  // bytes of the payload, without padding
  std::uint64_t position;  // log position of the first byte of this header
  std::uint64_t durable;  // durable position when it was appended, or later
  std::int64_t wall_time;  // when it was appended, nanoseconds since 1970-01-01
  std::uint32_t kind;  // kind of the payload; 0 is never valid
  std::uint32_t shard;  // the shard it belongs to
};
static_assert(sizeof(WalEntryHeader) == 40);
static_assert(offsetof(WalEntryHeader, checksum) == 0);
static_assert(offsetof(WalEntryHeader, payload_bytes) == 4);
static_assert(offsetof(WalEntryHeader, position) == 8);
static_assert(offsetof(WalEntryHeader, durable) == 16);
static_assert(offsetof(WalEntryHeader, wall_time) == 24);
static_assert(offsetof(WalEntryHeader, kind) == 32);
static_assert(offsetof(WalEntryHeader, shard) == 36);

// Head of the staging memory; its first 128 bytes stand at offset 2048 once more.
struct WalStagingHeader {
  std::uint64_t magic;  // "NDTSSTG1", stored last; 0 while it is being set up
  std::uint32_t version;  // layout version, 2
  std::uint32_t checksum;  // crc32c of offset 16 to 128
  std::uint64_t log_id;  // the log it belongs to
  std::uint64_t epoch;  // the epoch of the log that writes it
  std::uint64_t base_position;  // position from which on it was filled
  std::uint64_t ring_bytes;  // bytes of the circular image
  std::uint8_t boot_id[40];  // boot of the machine; another one makes it void
  std::uint8_t reserved0[40];  // zero
  std::uint64_t tail;  // accepted position; stored with release, after the bytes
  std::uint64_t tail_copy;  // stored after tail; recovery believes the lesser
  std::uint8_t reserved1[48];  // zero
  std::uint64_t durable;  // durable position; files must hold all below it
  std::uint64_t durable_copy;  // stored after durable; the lesser counts
  std::uint8_t reserved2[48];  // zero
};
static_assert(sizeof(WalStagingHeader) == 256);
static_assert(offsetof(WalStagingHeader, magic) == 0);
static_assert(offsetof(WalStagingHeader, version) == 8);
static_assert(offsetof(WalStagingHeader, checksum) == 12);
static_assert(offsetof(WalStagingHeader, log_id) == 16);
static_assert(offsetof(WalStagingHeader, epoch) == 24);
static_assert(offsetof(WalStagingHeader, base_position) == 32);
static_assert(offsetof(WalStagingHeader, ring_bytes) == 40);
static_assert(offsetof(WalStagingHeader, boot_id) == 48);
static_assert(offsetof(WalStagingHeader, reserved0) == 88);
static_assert(offsetof(WalStagingHeader, tail) == 128);
static_assert(offsetof(WalStagingHeader, tail_copy) == 136);
static_assert(offsetof(WalStagingHeader, reserved1) == 144);
static_assert(offsetof(WalStagingHeader, durable) == 192);
static_assert(offsetof(WalStagingHeader, durable_copy) == 200);
static_assert(offsetof(WalStagingHeader, reserved2) == 208);

}  // namespace ndts
