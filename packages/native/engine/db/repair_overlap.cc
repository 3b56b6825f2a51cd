// See repair_overlap.h.
#include "db/repair_overlap.h"

#include <algorithm>
#include <tuple>

namespace ndts {

namespace {

bool may_share(const SegmentReader& a, const SegmentReader& b) {
  for (const SegmentRange& left : a.ranges())
    for (const SegmentRange& right : b.ranges())
      if (left.epoch == right.epoch && left.first_sequence < right.end_sequence &&
          right.first_sequence < left.end_sequence)
        return true;
  return false;
}

// How many of `some` are in `all`.
std::uint64_t count_shared(const Sequences& some, const Sequences& all) {
  std::uint64_t shared = 0;
  for (const auto& [epoch, sequences] : some) {
    const auto other = all.find(epoch);
    if (other == all.end()) continue;
    for (const std::uint64_t sequence : sequences)
      if (std::binary_search(other->second.begin(), other->second.end(), sequence)) shared += 1;
  }
  return shared;
}

std::uint64_t count_all(const Sequences& sequences) {
  std::uint64_t count = 0;
  for (const auto& [epoch, of_epoch] : sequences) count += of_epoch.size();
  return count;
}

// Larger ones first; of each what those before it do not have.
Status find_in_group(const Segments& group, Segments* kept, SegmentOverlap* overlap) {
  Segments chosen;
  for (const std::shared_ptr<const SegmentReader>& segment : group) {
    std::uint64_t shared = 0;
    Sequences own;
    for (const std::shared_ptr<const SegmentReader>& larger : chosen) {
      if (!may_share(*segment, *larger)) continue;
      if (own.empty()) NDTS_TRY(read_sequences(*segment, &own));
      Sequences other;
      NDTS_TRY(read_sequences(*larger, &other));
      shared += count_shared(own, other);
    }
    if (shared == 0) {
      chosen.push_back(segment);
    } else if (const std::uint64_t rows = count_all(own); shared >= rows) {
      overlap->covered.push_back(segment);
    } else {
      overlap->parts.push_back({segment, rows - shared});
    }
  }
  kept->insert(kept->end(), chosen.begin(), chosen.end());
  return {};
}

bool keys_meet(const SstFile& a, const SstFile& b) {
  return a.min_key() <= b.max_key() && b.min_key() <= a.max_key();
}

// Neither was finished before the other began.
bool ages_meet(const SstFile& a, const SstFile& b) {
  return a.info().first_sequence <= b.info().last_sequence &&
         b.info().first_sequence <= a.info().last_sequence;
}

bool same_entry(const KeyValueEntry& a, const KeyValueEntry& b) {
  return a.deleted == b.deleted && a.value.size() == b.value.size() &&
         std::equal(a.value.begin(), a.value.end(), b.value.begin());
}

// Keys of both that differ, walked through side by side.
std::uint64_t count_different(const SstFile& a, const SstFile& b) {
  const std::unique_ptr<Cursor> left = a.cursor();
  const std::unique_ptr<Cursor> right = b.cursor();
  left->seek(b.min_key());
  right->seek(a.min_key());
  std::uint64_t count = 0;
  while (left->valid() && right->valid()) {
    const int order = left->entry().key.compare(right->entry().key);
    if (order == 0 && !same_entry(left->entry(), right->entry())) count += 1;
    if (order <= 0) left->next();
    if (order >= 0) right->next();
  }
  return count;
}

}  // namespace

Status read_sequences(const SegmentReader& segment, Sequences* sequences) {
  BlockRows rows(segment.schema());
  const std::size_t count = segment.schema().columns.size();
  const std::unique_ptr<bool[]> none(new bool[count]());
  const std::span<const bool> columns(none.get(), count);
  for (std::size_t block = 0; block < segment.blocks().size(); block += 1) {
    const Status status = rows.read(segment, block, columns);
    if (status.code() == Code::kCorrupt) continue;
    NDTS_TRY(status);
    const RowsView view = rows.view();
    for (std::size_t row = 0; row < view.count; row += 1)
      (*sequences)[view.epoch[row]].push_back(view.sequence[row]);
  }
  for (auto& [epoch, of_epoch] : *sequences) std::sort(of_epoch.begin(), of_epoch.end());
  return segment.status();
}

Status find_overlap(Segments* segments, SegmentOverlap* overlap) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>, Segments> groups;
  for (const std::shared_ptr<const SegmentReader>& segment : *segments) {
    const SegmentRecord& record = segment->record();
    groups[{record.table, record.shard, record.day}].push_back(segment);
  }
  Segments kept;
  for (auto& [key, group] : groups) {
    std::sort(group.begin(), group.end(), [](const auto& a, const auto& b) {
      return std::tuple(a->record().rows, a->record().number) >
             std::tuple(b->record().rows, b->record().number);
    });
    NDTS_TRY(find_in_group(group, &kept, overlap));
  }
  *segments = std::move(kept);
  return {};
}

Status order_tables(std::vector<std::shared_ptr<SstFile>>* tables, std::uint64_t* doubtful) {
  std::sort(tables->begin(), tables->end(), [](const auto& a, const auto& b) {
    return std::tuple(a->info().last_sequence, a->info().number) <
           std::tuple(b->info().last_sequence, b->info().number);
  });
  *doubtful = 0;
  for (std::size_t at = 0; at < tables->size(); at += 1)
    for (std::size_t other = at + 1; other < tables->size(); other += 1) {
      const SstFile& a = *(*tables)[at];
      const SstFile& b = *(*tables)[other];
      if (keys_meet(a, b) && ages_meet(a, b)) *doubtful += count_different(a, b);
      NDTS_TRY(a.status());
      NDTS_TRY(b.status());
    }
  return {};
}

}  // namespace ndts
