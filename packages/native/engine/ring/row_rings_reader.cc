// See row_rings.h: the side that gathers rows from all rings into columns.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/spin.h"
#include "ring/row_rings.h"

namespace ndts {
namespace {

// Rounds towards the past, also before 1970.
std::int64_t start_of_day(std::int64_t time_ns) {
  std::int64_t day = time_ns / kNsPerDay;
  if (time_ns % kNsPerDay < 0) --day;
  // The first day of the range begins before it; the last 16 hours of int64 time are not used.
  return std::max(day, static_cast<std::int64_t>(kDayMin)) * kNsPerDay;
}

template <typename Columns>
void move_rows(const Columns& columns, std::size_t to, std::size_t from, std::size_t count) {
  columns.each([=](auto* column) {
    std::memmove(column + to, column + from, count * sizeof(*column));
  });
}

// Takes void rows out of [at, at + count); returns how many are left. Adds to `missed`.
template <typename Columns>
std::size_t drop_voids(const Columns& columns, std::size_t at, std::size_t count,
                       std::uint64_t* missed) {
  std::size_t kept = at;
  for (std::size_t i = at; i < at + count; ++i) {
    if ((columns.flags[i] & kVoidFlag) != 0) {
      if ((columns.flags[i] & kMissedFlag) != 0) ++*missed;
      continue;
    }
    if (kept != i) move_rows(columns, kept, i, 1);
    ++kept;
  }
  return kept - at;
}

// Left closed where the rings have no bell in common, or it can't be opened for writing.
void open_bell(FileSystem& files, std::string_view ring, const std::vector<std::string>& paths,
               RingBell* bell) {
  if (paths.empty()) return;
  const std::string folder = parent_folder(paths.front());
  for (const std::string& path : paths)
    if (parent_folder(path) != folder) return;
  // A reader without one naps: nothing else is different.
  static_cast<void>(RingBell::open(files, folder + "/" + std::string(ring) + ".bell", bell));
}

}  // namespace

template <typename Record>
void RowRingsReader<Record>::Ring::enter_day(std::int64_t time_ns) {
  // Unsigned: also true for a time before the day.
  if (static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(day_start_ns) <
      static_cast<std::uint64_t>(kNsPerDay))
    return;
  day_start_ns = start_of_day(time_ns);
  day = static_cast<double>(day_start_ns / kNsPerDay);
}

template <typename Record>
Status RowRingsReader<Record>::open(FileSystem& files, const std::vector<std::string>& paths,
                                    const RingStart& otherwise,
                                    const std::map<std::uint32_t, RingStart>& positions,
                                    std::unique_ptr<RowRingsReader>* reader) {
  auto made = std::make_unique<RowRingsReader>();
  made->rings_.reserve(paths.size());
  for (const std::string& path : paths) {
    Ring ring{};
    NDTS_TRY(RingReader::open(files, path, &ring.reader));
    const RingShape& shape = ring.reader.shape();
    if (shape.kind != Record::kKind ||
        shape.slot_bytes != sizeof(typename Record::Slot) || shape.epoch > UINT32_MAX)
      return Status(Code::kInvalidArgument,
                    "expected a ring of " + std::string(Record::kRing) +
                        ", found one of kind " +
                        std::to_string(static_cast<std::uint32_t>(shape.kind)) + " with " +
                        std::to_string(shape.slot_bytes) + "-byte slots",
                    path);
    if (made->ring(shape.owner) != nullptr)
      return Status(Code::kInvalidArgument,
                    "a second ring of shard " + std::to_string(shape.owner), path);
    const auto position = positions.find(shape.owner);
    NDTS_TRY(ring.reader.start(position == positions.end() ? otherwise : position->second));
    made->rings_.push_back(std::move(ring));
  }
  open_bell(files, Record::kRing, paths, &made->bell_);
  *reader = std::move(made);
  return Status::success();
}

template <typename Record>
std::uint32_t RowRingsReader<Record>::copy(Ring* ring, const Columns& t, std::size_t at,
                                           std::size_t count) {
  using Slot = typename Record::Slot;
  const RingReader& reader = ring->reader;
  const std::uint64_t first = reader.next();
  const auto epoch = static_cast<std::uint32_t>(reader.shape().epoch);
  std::uint32_t any_flags = 0;
  // A line of every column at a time: columns of a power of two rows share cache sets, and more
  // of them than a set holds lines.
  constexpr std::size_t kRows = 8;
  for (std::size_t from = 0; from < count; from += kRows) {
    const std::size_t rows = std::min(kRows, count - from);
    const std::size_t row = at + from;
    const std::uint64_t* slots[kRows];
    for (std::size_t i = 0; i < rows; ++i) slots[i] = reader.slot(first + from + i);
    Record::each_number(t, [&](double* column, std::size_t offset) {
      for (std::size_t i = 0; i < rows; ++i)
        column[row + i] = std::bit_cast<double>(load_word(slots[i] + offset / 8));
    });
    Record::each_narrow(t, [&](std::uint32_t* column, std::size_t offset) {
      for (std::size_t i = 0; i < rows; ++i)
        column[row + i] = static_cast<std::uint32_t>(load_word(slots[i] + offset / 8));
    });
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t word = load_word(slots[i] + offsetof(Slot, symbol) / 8);
      t.symbol[row + i] = static_cast<std::uint32_t>(word);
      t.flags[row + i] = static_cast<std::uint32_t>(word >> 32);
      any_flags |= t.flags[row + i];
      const std::uint64_t time = load_word(slots[i] + offsetof(Slot, time) / 8);
      ring->enter_day(static_cast<std::int64_t>(time));
      t.day[row + i] = ring->day;
      t.ns_of_day[row + i] =
          static_cast<double>(static_cast<std::int64_t>(time) - ring->day_start_ns);
      t.sequence[row + i] = static_cast<double>(first + from + i);
      t.shard[row + i] = reader.shape().owner;
      t.epoch[row + i] = epoch;
    }
  }
  return any_flags;
}

template <typename Record>
std::size_t RowRingsReader<Record>::take(Ring* ring, const Columns& t, std::size_t at,
                                  std::size_t limit) {
  RingReader& reader = ring->reader;
  const std::size_t count = std::min<std::uint64_t>(reader.ready(), limit);
  if (count == 0) return 0;
  const std::uint32_t any_flags = copy(ring, t, at, count);
  std::uint64_t overtaken = 0;
  if (!reader.pass(count, &overtaken)) return 0;
  std::size_t left = count - overtaken;
  if (overtaken > 0) move_rows(t, at, at + overtaken, left);
  if ((any_flags & kVoidFlag) != 0) {
    const std::size_t kept = drop_voids(t, at, left, &missed_);
    voids_ += left - kept;
    left = kept;
  }
  return left;
}

template <typename Record>
std::size_t RowRingsReader<Record>::poll(const Columns& batch, std::size_t capacity) {
  std::size_t filled = 0;
  std::size_t idle = 0;
  while (filled < capacity && idle < rings_.size()) {
    Ring* ring = &rings_[turn_];
    turn_ = turn_ + 1 == rings_.size() ? 0 : turn_ + 1;
    const std::size_t taken = take(ring, batch, filled, std::min(capacity - filled, kQuota));
    idle = taken == 0 ? idle + 1 : 0;
    filled += taken;
  }
  return filled;
}

template <typename Record>
std::size_t RowRingsReader<Record>::spin_poll(const Columns& batch, std::size_t capacity,
                                              std::int64_t until_ns, bool yields, Clock* clock) {
  std::size_t count = 0;
  do {
    if (yields)
      spin_yield();
    else
      spin_pause();
    count = poll(batch, capacity);
  } while (count == 0 && clock->monotonic_ns() < until_ns);
  return count;
}

template <typename Record>
std::size_t RowRingsReader<Record>::sleep_poll(const Columns& batch, std::size_t capacity,
                                               std::int64_t until_ns, Clock* clock) {
  constexpr std::int64_t kNapNsMin = 50'000;
  constexpr std::int64_t kNapNsMax = 1'000'000;
  std::int64_t nap_ns = kNapNsMin;
  for (;;) {
    const std::uint32_t ticket = bell_.is_open() ? bell_.prepare() : 0;
    const std::size_t count = poll(batch, capacity);
    const std::int64_t left_ns = until_ns - clock->monotonic_ns();
    if (count > 0 || left_ns <= 0) return count;
    if (bell_.is_open()) {
      bell_.rest(ticket, left_ns);
    } else {
      rest_without_bell(std::min(left_ns, nap_ns));
      nap_ns = std::min(nap_ns * 2, kNapNsMax);
    }
  }
}

template <typename Record>
std::size_t RowRingsReader<Record>::wait_poll(const Columns& batch, std::size_t capacity,
                                              const RingPatience& patience, Clock* clock) {
  std::size_t count = poll(batch, capacity);
  const std::int64_t total_ns = patience.spin_ns + patience.yield_ns + patience.sleep_ns;
  if (count > 0 || total_ns <= 0) return count;
  std::int64_t until_ns = clock->monotonic_ns() + patience.spin_ns;
  if (patience.spin_ns > 0) count = spin_poll(batch, capacity, until_ns, false, clock);
  until_ns += patience.yield_ns;
  if (count == 0 && patience.yield_ns > 0)
    count = spin_poll(batch, capacity, until_ns, true, clock);
  until_ns += patience.sleep_ns;
  if (count == 0 && patience.sleep_ns > 0) count = sleep_poll(batch, capacity, until_ns, clock);
  return count;
}

template <typename Record>
std::uint64_t RowRingsReader<Record>::lapped() const {
  std::uint64_t total = voids_;
  for (const Ring& ring : rings_) total += ring.reader.lapped();
  return total;
}

template <typename Record>
const RingReader* RowRingsReader<Record>::ring(std::uint32_t shard) const {
  for (const Ring& ring : rings_) {
    if (ring.reader.shape().owner == shard) return &ring.reader;
  }
  return nullptr;
}

template class RowRingsReader<TickRecord>;
template class RowRingsReader<TradeRecord>;
template class RowRingsReader<BookRecord>;

}  // namespace ndts
