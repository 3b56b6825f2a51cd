// See block_hold.h.
#include "blocks/block_hold.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "table/segment_writer.h"

namespace ndts {

namespace {

// So few are looked up in a footer; more are taken to be in it.
constexpr std::size_t kLookedUp = 64;

}  // namespace

BlockHold::BlockHold(FileSystem& files, std::string path, ReplayRequest request)
    : disk_(files),
      path_(std::move(path)),
      request_(std::move(request)),
      symbols_(request_.view.segments.size()) {
  for (const ReplaySymbol& symbol : request_.symbols)
    if (symbol.shard < symbols_.size()) symbols_[symbol.shard].push_back(symbol.id);
  for (std::vector<std::uint32_t>& ids : symbols_) std::sort(ids.begin(), ids.end());
}

Status BlockHold::open(FileSystem& files, const std::string& folder, const std::string& name,
                       ReplayRequest request, std::unique_ptr<BlockHold>* hold) {
  std::unique_ptr<BlockHold> made(
      new BlockHold(files, folder + "/" + name + "-", std::move(request)));
  const SeriesView& view = made->request_.view;
  for (std::uint32_t shard = 0; shard < made->symbols_.size(); shard += 1) {
    if (made->symbols_[shard].empty()) continue;
    made->add_segments(shard);
    for (const MemtableView& memtable : view.memtables)
      NDTS_TRY(made->add_memory(memtable, shard));
  }
  *hold = std::move(made);
  return {};
}

void BlockHold::add_segments(std::uint32_t shard) {
  for (const std::shared_ptr<const SegmentReader>& segment : *request_.view.segments[shard])
    if (is_wanted(*segment)) files_.push_back({segment, false});
}

bool BlockHold::is_wanted(const SegmentReader& segment) const {
  const SegmentRecord& record = segment.record();
  if (record.max_time < request_.from || record.min_time >= request_.to) return false;
  const std::vector<std::uint32_t>& wanted = symbols_[record.shard];
  if (wanted.size() > kLookedUp) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](std::uint32_t symbol) {
    const std::span<const SegmentRun> runs = segment.runs(symbol);
    return std::any_of(runs.begin(), runs.end(), [&](const SegmentRun& run) {
      return run.max_time >= request_.from && run.min_time < request_.to;
    });
  });
}

Status BlockHold::add_memory(const MemtableView& view, std::uint32_t shard) {
  const ShardExtent& extent = view.shards[shard];
  if (extent.rows == 0) return {};
  const SeriesMemtable& memtable = *view.memtable;
  const auto before = [&memtable, shard](std::uint32_t row, std::int64_t time) {
    return memtable.time(shard, row) < time;
  };
  std::vector<MemoryRows> symbols;
  for (const std::uint32_t symbol : memtable.symbols(shard, extent)) {
    if (!std::binary_search(symbols_[shard].begin(), symbols_[shard].end(), symbol)) continue;
    std::vector<std::uint32_t> rows = memtable.collect_rows(shard, extent, symbol);
    rows.erase(std::lower_bound(rows.begin(), rows.end(), request_.to, before), rows.end());
    rows.erase(rows.begin(), std::lower_bound(rows.begin(), rows.end(), request_.from, before));
    if (!rows.empty()) symbols.push_back({symbol, std::move(rows)});
  }
  for (;;) {
    std::int64_t day = std::numeric_limits<std::int64_t>::max();
    for (const MemoryRows& one : symbols)
      if (one.at < one.rows.size())
        day = std::min(day, day_of(memtable.time(shard, one.rows[one.at])));
    if (day == std::numeric_limits<std::int64_t>::max()) return {};
    NDTS_TRY(add_day(view, shard, day, &symbols));
  }
}

Status BlockHold::add_day(const MemtableView& view, std::uint32_t shard, std::int64_t day,
                          std::vector<MemoryRows>* symbols) {
  const SeriesMemtable& memtable = *view.memtable;
  const std::string path = path_ + std::to_string(files_.size()) + ".segment";
  if (disk_.exists(path)) NDTS_TRY(disk_.remove(path));
  SegmentWriter writer(disk_, path, files_.size() + 1, schema(), shard, day);
  RowBuffer buffer(schema(), kBlockRows);
  const auto write = [&]() -> Status {
    NDTS_TRY(writer.create());
    for (MemoryRows& one : *symbols) {
      const auto first = one.rows.begin() + static_cast<std::ptrdiff_t>(one.at);
      const auto end = std::partition_point(first, one.rows.end(), [&](std::uint32_t row) {
        return day_of(memtable.time(shard, row)) == day;
      });
      std::span<const std::uint32_t> rows(first, end);
      if (rows.empty()) continue;
      one.at += rows.size();
      NDTS_TRY(writer.begin_symbol(one.symbol, {}, rows.size()));
      while (!rows.empty()) {
        const std::size_t count = std::min<std::size_t>(rows.size(), kBlockRows);
        buffer.clear();
        memtable.gather(shard, view.shards[shard], rows.first(count), &buffer);
        NDTS_TRY(writer.add(buffer.view()));
        rows = rows.subspan(count);
      }
    }
    SegmentRecord record;
    std::unique_ptr<File> file;  // nobody reads it after a crash
    NDTS_TRY(writer.finish(&record, &file));
    files_.push_back({nullptr, true});
    return SegmentReader::open(disk_, path, &record, &files_.back().segment);
  };
  const Status written = write();
  // What is mapped stays.
  const Status removed = disk_.exists(path) ? disk_.remove(path) : Status();
  return written.ok() ? removed : written;
}

Status BlockHold::copy_ends(std::uint32_t file, std::vector<std::byte>* ends) const {
  if (file >= files_.size()) return Status(Code::kInvalidArgument, "no such file");
  const SegmentReader& segment = *files_[file].segment;
  if (segment.record().version == 1)
    return Status(Code::kInvalidArgument, "a segment of version 1 is not read by its blocks");
  const Bytes bytes = segment.bytes();
  const auto trailer =
      load<SegmentTrailer>(bytes.data() + bytes.size() - sizeof(SegmentTrailer));
  const Bytes head = bytes.first(sizeof(SegmentHeader));
  const Bytes tail = bytes.subspan(trailer.footer_offset);
  ends->assign(head.begin(), head.end());
  ends->insert(ends->end(), tail.begin(), tail.end());
  return segment.status();
}

Status BlockHold::block_bytes(const SourceBlock& block, Bytes* bytes) const {
  if (block.file >= files_.size() ||
      block.block >= files_[block.file].segment->blocks().size())
    return Status(Code::kInvalidArgument, "no such block");
  const SegmentBlock& entry = files_[block.file].segment->blocks()[block.block];
  *bytes = files_[block.file].segment->bytes().subspan(entry.offset, entry.bytes);
  return {};
}

Status BlockHold::blocks_bytes(std::span<const SourceBlock> blocks, std::uint64_t bytes_max,
                               std::vector<Bytes>* bytes) const {
  std::uint64_t total = 0;
  bytes->resize(blocks.size());
  for (std::size_t at = 0; at < blocks.size(); at += 1) {
    NDTS_TRY(block_bytes(blocks[at], &(*bytes)[at]));
    total += (*bytes)[at].size();
  }
  if (blocks.size() > 1 && total > bytes_max)
    return Status(Code::kInvalidArgument, "expected blocks of at most " +
                                              std::to_string(bytes_max) + " bytes, found " +
                                              std::to_string(total));
  return {};
}

}  // namespace ndts
