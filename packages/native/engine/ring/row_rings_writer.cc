// See row_rings.h: the side that creates the rings and scatters columns into them.
#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>
#include <utility>

#include "ring/row_rings.h"
#include "ring/slot_voids.h"

namespace ndts {
namespace {

// Takes digits and the text after them off the front.
bool take_number(std::string_view* text, std::string_view after, std::uint64_t* number) {
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<std::size_t>(rest - text->data()));
  if (!text->starts_with(after)) return false;
  text->remove_prefix(after.size());
  return true;
}

// "RING-SHARD-EPOCH.ring", also with the ending of one that was never finished.
bool parse_ring_name(std::string_view name, std::string_view ring, std::uint64_t* shard,
                     std::uint64_t* epoch) {
  if (!name.starts_with(ring)) return false;
  name.remove_prefix(ring.size());
  if (!name.starts_with('-')) return false;
  name.remove_prefix(1);
  return take_number(&name, "-", shard) && take_number(&name, ".ring", epoch) &&
         (name.empty() || name == ".new");
}

Status remove_older(FileSystem& files, const std::string& dir, std::string_view ring,
                    const std::vector<std::uint64_t>& epochs) {
  std::vector<std::string> names;
  NDTS_TRY(files.list(dir, &names));
  std::vector<std::string> old;
  for (const std::string& name : names) {
    std::uint64_t shard = 0;
    std::uint64_t epoch = 0;
    if (!parse_ring_name(name, ring, &shard, &epoch)) continue;
    if (shard < epochs.size() && epoch > epochs[shard])
      return Status(Code::kWrongEpoch,
                    "expected rings up to epoch " + std::to_string(epochs[shard]) +
                        " of shard " + std::to_string(shard) + ", found a newer one",
                    dir + "/" + name);
    if (shard >= epochs.size() || epoch < epochs[shard]) old.push_back(dir + "/" + name);
  }
  for (const std::string& path : old) NDTS_TRY(files.remove(path));
  return Status::success();
}

}  // namespace

std::string row_ring_name(std::string_view ring, std::uint64_t shard, std::uint64_t epoch) {
  return std::string(ring) + "-" + std::to_string(shard) + "-" + std::to_string(epoch) + ".ring";
}

template <typename Record>
Status RowRingsWriter<Record>::create(FileSystem* files, const std::string& dir,
                                      std::uint32_t slot_count,
                                      const std::vector<std::uint64_t>& epochs,
                                      const std::vector<std::uint64_t>& first_sequences,
                                      std::unique_ptr<RowRingsWriter>* writer) {
  if (epochs.empty() || epochs.size() != first_sequences.size())
    return Status(Code::kInvalidArgument,
                  "expected an epoch and a first sequence per shard, found " +
                      std::to_string(epochs.size()) + " and " +
                      std::to_string(first_sequences.size()));
  NDTS_TRY(files->make_directory(dir));
  NDTS_TRY(remove_older(*files, dir, Record::kRing, epochs));
  std::unique_ptr<RowRingsWriter> made(new RowRingsWriter(files, epochs.size()));
  NDTS_TRY(RingBell::create(*files, dir + "/" + std::string(Record::kRing) + ".bell",
                            &made->bell_));
  made->rings_.reserve(epochs.size());
  for (std::size_t shard = 0; shard < epochs.size(); ++shard) {
    const RingShape shape{.kind = Record::kKind,
                          .slot_bytes = sizeof(typename Record::Slot),
                          .slot_count = slot_count,
                          .owner = static_cast<std::uint32_t>(shard),
                          .epoch = epochs[shard],
                          .first_sequence = first_sequences[shard]};
    RingWriter ring;
    const std::string name = row_ring_name(Record::kRing, shard, epochs[shard]);
    NDTS_TRY(RingWriter::create(*files, dir + "/" + name, shape, &ring));
    made->rings_.push_back(std::move(ring));
  }
  *writer = std::move(made);
  return Status::success();
}

template <typename Record>
RowRingsWriter<Record>::~RowRingsWriter() {
  // A file that cannot be removed is removed by the next epoch.
  for (const RingWriter& ring : rings_) static_cast<void>(files_->remove(ring.path()));
}

template <typename Record>
Status RowRingsWriter<Record>::check(const Columns& t, std::size_t count) {
  const auto wrong = [](std::size_t row, const std::string& message) {
    return Status(Code::kInvalidArgument, "row " + std::to_string(row) + ": " + message);
  };
  std::fill(expected_.begin(), expected_.end(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t shard = t.shard[i];
    if (shard >= rings_.size())
      return wrong(i, "expected a shard below " + std::to_string(rings_.size()) + ", found " +
                          std::to_string(shard));
    const RingWriter& ring = rings_[shard];
    if (t.epoch[i] != ring.shape().epoch)
      return wrong(i, "expected epoch " + std::to_string(ring.shape().epoch) + ", found " +
                          std::to_string(t.epoch[i]));
    if (!(t.sequence[i] >= 0 && t.sequence[i] < static_cast<double>(kRingNumberMax)))
      return wrong(i, "expected a sequence below 2^53 - 1");
    const auto sequence = static_cast<std::uint64_t>(t.sequence[i]);
    const bool follows =
        expected_[shard] != 0 ? sequence == expected_[shard] : sequence >= ring.next();
    if (!follows)
      return wrong(i, "expected sequence " +
                          std::to_string(std::max(expected_[shard], ring.next())) +
                          " of shard " + std::to_string(shard) + ", found " +
                          std::to_string(sequence));
    expected_[shard] = sequence + 1;
    if (!is_time(t.day[i], t.ns_of_day[i])) return wrong(i, "expected a time");
    if ((t.flags[i] & kVoidFlag) != 0) return wrong(i, "a void row cannot be published");
  }
  return Status::success();
}

template <typename Record>
void RowRingsWriter<Record>::publish_rows(const Columns& t, std::size_t from, std::size_t to) {
  using Slot = typename Record::Slot;
  std::fill(pending_.begin(), pending_.end(), 0);
  for (std::size_t i = from; i < to; ++i) ++pending_[t.shard[i]];
  for (std::size_t shard = 0; shard < rings_.size(); ++shard) {
    if (pending_[shard] != 0) rings_[shard].announce(pending_[shard]);
  }
  fence_release();
  for (std::size_t i = from; i < to; ++i) {
    std::uint64_t* slot = rings_[t.shard[i]].slot(static_cast<std::uint64_t>(t.sequence[i]));
    const auto time = static_cast<std::uint64_t>(pack_time(t.day[i], t.ns_of_day[i]));
    store_word(slot + offsetof(Slot, time) / 8, time);
    store_word(slot + kFlagsWord, t.symbol[i] | std::uint64_t{t.flags[i]} << 32);
    Record::each_number(t, [slot, i](const double* column, std::size_t offset) {
      store_word(slot + offset / 8, std::bit_cast<std::uint64_t>(column[i]));
    });
    Record::each_narrow(t, [slot, i](const std::uint32_t* column, std::size_t offset) {
      store_word(slot + offset / 8, column[i]);
    });
  }
  for (std::size_t shard = 0; shard < rings_.size(); ++shard) {
    if (pending_[shard] != 0) rings_[shard].commit(pending_[shard]);
  }
}

template <typename Record>
Status RowRingsWriter<Record>::publish(const Columns& batch, std::size_t count) {
  NDTS_TRY(check(batch, count));
  // expected_ now holds the sequence after the last row of each shard; the rows of a shard are
  // consecutive, so its first row stands its number of rows before that.
  std::fill(pending_.begin(), pending_.end(), 0);
  for (std::size_t i = 0; i < count; ++i) ++pending_[batch.shard[i]];
  for (std::size_t shard = 0; shard < rings_.size(); ++shard) {
    const std::uint64_t first = expected_[shard] - pending_[shard];
    if (pending_[shard] != 0 && first > rings_[shard].next())
      publish_voids(&rings_[shard], first);
  }
  const std::size_t step_max = rings_.front().shape().slot_count / 2;
  for (std::size_t from = 0; from < count; from += step_max)
    publish_rows(batch, from, std::min(from + step_max, count));
  if (count > 0) bell_.ring();
  return Status::success();
}

template <typename Record>
Status RowRingsWriter<Record>::set_watermarks(const double* marks, std::size_t count) {
  if (count != rings_.size() * 4)
    return Status(Code::kInvalidArgument, "expected " + std::to_string(rings_.size() * 4) +
                                              " watermarks, found " + std::to_string(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (!(marks[i] >= 0 && marks[i] <= static_cast<double>(kRingNumberMax)))
      return Status(Code::kInvalidArgument, "watermark " + std::to_string(i) +
                                                ": expected a sequence below 2^53, found " +
                                                std::to_string(marks[i]));
  }
  for (RingWriter& ring : rings_) {
    ring.set_accepted(static_cast<std::uint64_t>(marks[0]));
    ring.set_durable(static_cast<std::uint64_t>(marks[1]));
    ring.set_replicated(static_cast<std::uint64_t>(marks[2]));
    ring.set_sealed(static_cast<std::uint64_t>(marks[3]));
    marks += 4;
  }
  return Status::success();
}

template <typename Record>
void RowRingsWriter<Record>::heartbeat(std::uint64_t monotonic_ns) {
  for (RingWriter& ring : rings_) ring.heartbeat(monotonic_ns);
}

template class RowRingsWriter<TickRecord>;
template class RowRingsWriter<TradeRecord>;
template class RowRingsWriter<BookRecord>;

}  // namespace ndts
