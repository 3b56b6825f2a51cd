// See repair_replay.h.
#include "db/repair_replay.h"

#include "db/joined_entry.h"

namespace ndts {

namespace {

Status refused(const std::string& why) { return Status(Code::kCorrupt, why); }

}  // namespace

ReplayCheck::ReplayCheck(const Manifest& manifest, const std::vector<SymbolInfo>& symbols)
    : epochs_(manifest.epochs) {
  for (const TableProgress& table : manifest.tables) {
    schemas_[table.schema.id] = table.schema;
    for (std::uint32_t shard = 0; shard < table.shards.size(); shard += 1)
      next_[{table.schema.id, shard}] = table.shards[shard].sealed_sequence;
  }
  for (const SymbolInfo& symbol : symbols) symbols_.add(symbol.id, symbol.shard, symbol.name);
}

std::uint64_t ReplayCheck::next_sequence(std::uint32_t table, std::uint32_t shard) const {
  const auto found = next_.find({table, shard});
  return found == next_.end() ? 0 : found->second;
}

Status ReplayCheck::take(const WalRecord& record) {
  switch (static_cast<LogKind>(record.kind)) {
    case LogKind::kTicks:
    case LogKind::kRows:
      return take_rows(record);
    case LogKind::kKeyValue:
      return check_batch(record.payload).ok() ? Status() : refused("key-value batch");
    case LogKind::kSymbol:
      return take_symbol(record);
    case LogKind::kTable:
      return take_table(record);
    case LogKind::kJoined: {
      WalRecord rows;
      Bytes batch;
      if (!split_joined(record, &rows, &batch).ok()) return refused("joined entry");
      return take_rows(rows);
    }
  }
  return refused("unknown kind " + std::to_string(record.kind));
}

Status ReplayCheck::take_rows(const WalRecord& record) {
  groups_.clear();
  const auto schema_of = [this](std::uint32_t table) -> const TableSchema* {
    const auto found = schemas_.find(table);
    return found == schemas_.end() ? nullptr : &found->second;
  };
  NDTS_TRY(each_group(record, schema_of, &scratch_, &logged_,
                      [this](const LoggedRows& rows) { return check_group(rows); }));
  for (const LoggedGroup& group : groups_) {
    next_[{group.table, group.shard}] = group.first_sequence + group.rows;
    rows_ += group.rows;
  }
  return {};
}

Status ReplayCheck::check_group(const LoggedRows& rows) {
  if (rows.shard >= epochs_.size()) return refused("a shard that there is not");
  for (std::uint32_t row = 0; row < rows.rows; row += 1)
    if (symbols_.shard(rows.symbol[row]) != rows.shard)
      return refused("symbol id " + std::to_string(rows.symbol[row]) +
                     " is not known, or of another shard");
  if (rows.epoch > epochs_[rows.shard]) return refused("epoch not granted");
  std::uint64_t next = next_sequence(rows.table, rows.shard);
  for (const LoggedGroup& group : groups_)
    if (group.table == rows.table && group.shard == rows.shard)
      next = group.first_sequence + group.rows;
  if (rows.first_sequence != next)
    return refused("sequence " + std::to_string(rows.first_sequence) + " of shard " +
                   std::to_string(rows.shard) + ", expected " + std::to_string(next));
  groups_.push_back({rows.table, rows.shard, rows.epoch, rows.first_sequence, rows.rows});
  return {};
}

Status ReplayCheck::take_symbol(const WalRecord& record) {
  ByteReader reader(record.payload);
  const auto head = reader.read<SymbolEntryHead>();
  const std::string_view name = text_of(reader.read_bytes(reader.left()));
  if (!reader.ok() || head.shard >= epochs_.size()) return refused("symbol");
  bool known = false;
  NDTS_TRY(symbols_.check(head.symbol, head.shard, name, &known).ok()
               ? Status()
               : refused("symbol registered differently before"));
  if (!known) symbols_.add(head.symbol, head.shard, name);
  return {};
}

Status ReplayCheck::take_table(const WalRecord& record) {
  TableSchema made;
  if (!decode_schema(record.payload, &made).ok()) return refused("schema");
  const auto known = schemas_.find(made.id);
  if (known != schemas_.end())
    return known->second == made ? Status() : refused("table created differently before");
  schemas_[made.id] = made;
  return {};
}

}  // namespace ndts
