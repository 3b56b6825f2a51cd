// A log entry that holds rows and a key-value batch: both are there after a crash, or neither. What
// counts rows in (an import, a consumer's position) writes how far it is with them.
//
// Threads: plain memory. Lifetime: a view, as long as the bytes of the entry.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "generated/constants.h"
#include "generated/layouts.h"
#include "table/key_value.h"
#include "wal/wal.h"

namespace ndts {

struct JoinedEntry {
  LogKind kind = LogKind::kRows;  // of the rows: ticks or rows
  Bytes batch;                    // passed check_batch()
  Bytes rows;
};

// CORRUPT, without file and offset, when it is not whole.
[[nodiscard]] inline Status read_joined(Bytes body, JoinedEntry* entry) {
  ByteReader reader(body);
  const auto head = reader.read<JoinedHead>();
  entry->kind = static_cast<LogKind>(head.kind);
  entry->batch = reader.read_bytes(head.batch_bytes);
  static_cast<void>(reader.read_bytes(align_up(head.batch_bytes, 8) - head.batch_bytes));
  if (!reader.ok() || (entry->kind != LogKind::kTicks && entry->kind != LogKind::kRows) ||
      !check_batch(entry->batch).ok())
    return Status(Code::kCorrupt, "joined entry");
  entry->rows = reader.read_bytes(reader.left());
  return {};
}

// The entry as if its rows were all of it, and the batch.
[[nodiscard]] inline Status split_joined(const WalRecord& record, WalRecord* rows, Bytes* batch) {
  JoinedEntry entry;
  NDTS_TRY(read_joined(record.payload, &entry));
  *rows = record;
  rows->kind = static_cast<std::uint32_t>(entry.kind);
  rows->payload = entry.rows;
  *batch = entry.batch;
  return {};
}

}  // namespace ndts
