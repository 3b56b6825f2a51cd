// See tick_rings.h: the side that gathers ticks from all rings into columns.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "generated/constants.h"
#include "ring/tick_rings.h"

namespace ndts {
namespace {

constexpr auto kVoid = static_cast<std::uint32_t>(TickFlags::kVoid);

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Rounds towards the past, also before 1970.
std::int64_t start_of_day(std::int64_t time_ns) {
  std::int64_t day = time_ns / kNsPerDay;
  if (time_ns % kNsPerDay < 0) --day;
  // The first day of the range begins before it; the last 16 hours of int64 time are not used.
  return std::max(day, static_cast<std::int64_t>(kDayMin)) * kNsPerDay;
}

}  // namespace

void TickRingsReader::Ring::enter_day(std::int64_t time_ns) {
  // Unsigned: also true for a time before the day.
  if (static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(day_start_ns) <
      static_cast<std::uint64_t>(kNsPerDay))
    return;
  day_start_ns = start_of_day(time_ns);
  day = static_cast<double>(day_start_ns / kNsPerDay);
}

namespace {

void move_rows(const TickColumns& columns, std::size_t to, std::size_t from, std::size_t count) {
  columns.each([=](auto* column) {
    std::memmove(column + to, column + from, count * sizeof(*column));
  });
}

// Takes void rows out of [at, at + count); returns how many are left.
std::size_t drop_voids(const TickColumns& columns, std::size_t at, std::size_t count) {
  std::size_t kept = at;
  for (std::size_t i = at; i < at + count; ++i) {
    if ((columns.flags[i] & kVoid) != 0) continue;
    if (kept != i) move_rows(columns, kept, i, 1);
    ++kept;
  }
  return kept - at;
}

}  // namespace

Status TickRingsReader::open(FileSystem& files, const std::vector<std::string>& paths,
                             const RingStart& otherwise,
                             const std::map<std::uint32_t, RingStart>& positions,
                             std::unique_ptr<TickRingsReader>* reader) {
  auto made = std::make_unique<TickRingsReader>();
  made->rings_.reserve(paths.size());
  for (const std::string& path : paths) {
    Ring ring{};
    NDTS_TRY(RingReader::open(files, path, &ring.reader));
    const RingShape& shape = ring.reader.shape();
    if (shape.kind != RecordKind::kTick || shape.slot_bytes != sizeof(TickSlot) ||
        shape.epoch > UINT32_MAX)
      return Status(Code::kInvalidArgument,
                    "expected a ring of ticks, found one of kind " +
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
  *reader = std::move(made);
  return Status::success();
}

std::uint32_t TickRingsReader::copy(Ring* ring, const TickColumns& t, std::size_t at,
                                    std::size_t count) {
  const RingReader& reader = ring->reader;
  const std::uint64_t first = reader.next();
  const auto epoch = static_cast<std::uint32_t>(reader.shape().epoch);
  std::uint32_t any_flags = 0;
  // A line of every column at a time: columns of a power of two rows share cache sets, and more
  // of them than a set holds lines.
  constexpr std::size_t kRows = 8;
  for (std::size_t from = 0; from < count; from += kRows) {
    const std::size_t rows = std::min(kRows, count - from);
    const std::uint64_t* slots[kRows];
    for (std::size_t i = 0; i < rows; ++i) slots[i] = reader.slot(first + from + i);
    const auto numbers = [&](double* column, std::size_t offset) {
      for (std::size_t i = 0; i < rows; ++i)
        column[at + from + i] = std::bit_cast<double>(load_word(slots[i] + offset / 8));
    };
    numbers(t.price, offsetof(TickSlot, price));
    numbers(t.volume, offsetof(TickSlot, volume));
    numbers(t.bid, offsetof(TickSlot, bid));
    numbers(t.ask, offsetof(TickSlot, ask));
    numbers(t.bid_volume, offsetof(TickSlot, bid_volume));
    numbers(t.ask_volume, offsetof(TickSlot, ask_volume));
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t row = at + from + i;
      const std::uint64_t word = load_word(slots[i] + offsetof(TickSlot, symbol) / 8);
      t.symbol[row] = static_cast<std::uint32_t>(word);
      t.flags[row] = static_cast<std::uint32_t>(word >> 32);
      any_flags |= t.flags[row];
      const std::uint64_t time = load_word(slots[i] + offsetof(TickSlot, time) / 8);
      ring->enter_day(static_cast<std::int64_t>(time));
      t.day[row] = ring->day;
      t.ns_of_day[row] =
          static_cast<double>(static_cast<std::int64_t>(time) - ring->day_start_ns);
      t.sequence[row] = static_cast<double>(first + from + i);
      t.shard[row] = reader.shape().owner;
      t.epoch[row] = epoch;
    }
  }
  return any_flags;
}

std::size_t TickRingsReader::take(Ring* ring, const TickColumns& t, std::size_t at,
                                  std::size_t limit) {
  RingReader& reader = ring->reader;
  const std::size_t count = std::min<std::uint64_t>(reader.ready(), limit);
  if (count == 0) return 0;
  const std::uint32_t any_flags = copy(ring, t, at, count);
  std::uint64_t overtaken = 0;
  if (!reader.pass(count, &overtaken)) return 0;
  std::size_t left = count - overtaken;
  if (overtaken > 0) move_rows(t, at, at + overtaken, left);
  if ((any_flags & kVoid) != 0) {
    const std::size_t kept = drop_voids(t, at, left);
    voids_ += left - kept;
    left = kept;
  }
  return left;
}

std::size_t TickRingsReader::poll(const TickColumns& batch, std::size_t capacity) {
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

std::size_t TickRingsReader::wait_poll(const TickColumns& batch, std::size_t capacity,
                                       std::int64_t spin_ns, Clock* clock) {
  std::size_t count = poll(batch, capacity);
  if (count != 0 || spin_ns <= 0) return count;
  const std::int64_t until_ns = clock->monotonic_ns() + spin_ns;
  do {
    pause();
    count = poll(batch, capacity);
  } while (count == 0 && clock->monotonic_ns() < until_ns);
  return count;
}

std::uint64_t TickRingsReader::lapped() const {
  std::uint64_t total = voids_;
  for (const Ring& ring : rings_) total += ring.reader.lapped();
  return total;
}

const RingReader* TickRingsReader::ring(std::uint32_t shard) const {
  for (const Ring& ring : rings_) {
    if (ring.reader.shape().owner == shard) return &ring.reader;
  }
  return nullptr;
}

}  // namespace ndts
