// Writes segments of version 1, which nothing but tests does any more.
#pragma once

#include <vector>

#include "base/crc32c.h"
#include "table/segment_test_kit.h"

namespace ndts {

// Ticks of some symbols, in (time, sequence) order.
inline SegmentModel random_ticks(Random& random, const std::vector<std::uint32_t>& symbols,
                                 std::size_t count, std::int64_t time, std::uint64_t sequence) {
  SegmentModel model;
  for (const std::uint32_t symbol : symbols) {
    model[symbol] = random_rows(random, tick_schema(), count, time, sequence);
    sequence += count;
  }
  return model;
}

// Columns in the order of version 1: time, sequence, the doubles, flags, epoch.
inline std::vector<std::byte> block_v1(const std::vector<ModelRow>& rows, std::size_t first,
                                       std::size_t count) {
  std::vector<std::byte> bytes(count * 72);
  for (std::size_t at = 0; at < count; at += 1) {
    const ModelRow& row = rows[first + at];
    store(bytes.data() + 8 * at, row.time);
    store(bytes.data() + 8 * (count + at), row.sequence);
    for (std::size_t column = 0; column < 6; column += 1)
      store(bytes.data() + 8 * ((2 + column) * count + at), row.cells[column].bits);
    store(bytes.data() + 64 * count + 4 * at, static_cast<std::uint32_t>(row.cells[6].bits));
    store(bytes.data() + 68 * count + 4 * at, row.epoch);
  }
  return bytes;
}

inline SegmentRecord write_segment_v1(FileSystem& files, const std::string& path,
                                      std::uint32_t shard, std::int64_t day,
                                      const SegmentModel& model) {
  std::vector<std::byte> file(sizeof(SegmentHeader));
  std::vector<std::byte> footer;
  std::vector<SegmentName> names;
  std::vector<SegmentRange> ranges;
  std::string text;
  SegmentTrailer trailer{};
  SegmentRecord record{7, day, 0, 0, INT64_MAX, INT64_MIN, UINT64_MAX, 0, kTickTable, shard, 0, 1};
  const auto append = [](Bytes from, std::vector<std::byte>* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  for (const auto& [symbol, rows] : model) {
    const std::string name = symbol_name(symbol);
    names.push_back({symbol, static_cast<std::uint32_t>(name.size()), text.size()});
    text += name;
    for (std::size_t at = 0; at < rows.size(); at += kBlockRows) {
      const std::size_t count = std::min<std::size_t>(kBlockRows, rows.size() - at);
      const std::vector<std::byte> bytes = block_v1(rows, at, count);
      append(bytes_of(SegmentBlockV1{symbol, static_cast<std::uint32_t>(count), file.size(),
                                     bytes.size(), crc32c(0, bytes), 1, rows[at].time,
                                     rows[at + count - 1].time, 0, 0}),
             &footer);
      append(bytes, &file);
      trailer.block_count += 1;
    }
    for (const ModelRow& row : rows) {
      const SegmentRange range{row.epoch, row.sequence, row.sequence + 1, 1};
      if (ranges.empty() || ranges.back().epoch != row.epoch) ranges.push_back(range);
      ranges.back().end_sequence = row.sequence + 1;
      ranges.back().rows += 1;
      record.rows += 1;
      record.min_time = std::min(record.min_time, row.time);
      record.max_time = std::max(record.max_time, row.time);
      record.first_sequence = std::min(record.first_sequence, row.sequence);
      record.end_sequence = std::max(record.end_sequence, row.sequence + 1);
    }
  }
  text.resize(align_up(text.size(), 8));
  append(std::as_bytes(std::span(names)), &footer);
  append(std::as_bytes(std::span(ranges)), &footer);
  append(bytes_of_text(text), &footer);
  trailer.version = 1;
  trailer.magic = kSegmentMagic;
  trailer.footer_offset = file.size();
  trailer.footer_checksum = crc32c(0, footer);
  trailer.name_count = static_cast<std::uint32_t>(names.size());
  trailer.range_count = static_cast<std::uint32_t>(ranges.size());
  trailer.text_bytes = text.size();
  trailer.file_bytes = file.size() + footer.size() + sizeof trailer;
  trailer.checksum = crc32c(0, bytes_of(trailer).subspan(4));
  SegmentHeader header{0, 1, kSegmentMagic, shard, 0, day, record.rows, record.number, {}};
  header.checksum = crc32c(0, bytes_of(header).subspan(4));
  store(file.data(), header);
  append(footer, &file);
  append(bytes_of(trailer), &file);
  record.bytes = file.size();
  record.trailer_checksum = trailer.checksum;
  EXPECT_TRUE(files.replace(path, file).ok());
  return record;
}

}  // namespace ndts
