// What the ring's memory orders promise, as litmus tests: one thread writes, one looks again and
// again, and every look is one outcome of a table. Forbidden outcomes must never be seen. The same
// looks at a writer that does its steps in a wrong order do see them: these tables can fail.
//
// NDTS_TEST_LONG=1: tens of millions of looks. The order of two stores of one thread is kept by x86
// itself, so a missing release fence shows here only as what a compiler makes of it; a wrong order
// in the program shows everywhere.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "base/long_test_kit.h"
#include "base/spin.h"
#include "base/thread.h"
#include "ring/ring.h"

namespace ndts {
namespace {

constexpr std::uint32_t kRingSlots = 64;
constexpr std::uint64_t kRingEpoch = 7;
constexpr std::size_t kSlotWords = 8;

std::uint64_t looks_of(std::uint64_t quick) { return long_tests() ? quick * 100 : quick; }

struct Outcome {
  const char* what;
  bool allowed;
  std::uint64_t count = 0;
};

void print(const char* title, const Outcome* outcomes, std::size_t count) {
  std::printf("%s\n", title);
  for (std::size_t i = 0; i < count; ++i)
    std::printf("  %12llu  %-9s  %s\n", static_cast<unsigned long long>(outcomes[i].count),
                outcomes[i].allowed ? "allowed" : "FORBIDDEN", outcomes[i].what);
}

template <std::size_t N>
std::uint64_t forbidden(const char* title, const std::array<Outcome, N>& outcomes) {
  print(title, outcomes.data(), N);
  std::uint64_t total = 0;
  for (const Outcome& one : outcomes) total += one.allowed ? 0 : one.count;
  return total;
}

// In which order a writer does its steps: as it must, or one of two wrong ones.
enum class Order { kRight, kTailBeforeSlots, kIntentAfterSlots };

class RingLitmus : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ndts-ring-litmus-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/ring"; }

  static RingShape shape(std::uint64_t epoch, std::uint64_t first) {
    return {.kind = RecordKind::kTick,
            .slot_bytes = kSlotWords * 8,
            .slot_count = kRingSlots,
            .owner = 0,
            .epoch = epoch,
            .first_sequence = first};
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
};

// Every word of a slot is its sequence.
void write_slots(RingWriter* writer, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t s = first; s < first + count; ++s)
    for (std::size_t word = 0; word < kSlotWords; ++word) store_word(writer->slot(s) + word, s);
}

void publish(RingWriter* writer, Order order, std::uint64_t count, bool rests) {
  const std::uint64_t first = writer->next();
  // Between two steps that are the wrong way round: also one processor shows it then.
  const auto between = [rests] {
    if (rests) spin_yield();
  };
  switch (order) {
    case Order::kRight:
      writer->announce(count);
      fence_release();
      write_slots(writer, first, count);
      writer->commit(count);
      return;
    case Order::kTailBeforeSlots:
      writer->announce(count);
      writer->commit(count);
      between();
      write_slots(writer, first, count);
      return;
    case Order::kIntentAfterSlots:
      write_slots(writer, first, count);
      between();
      writer->announce(count);
      writer->commit(count);
      return;
  }
}

struct SlotOutcomes {
  std::array<Outcome, 4> message{{{"the tail as before", true},
                                  {"a new tail, and its slot", true},
                                  {"a new tail, its slot overwritten, the intent says so", true},
                                  {"a new tail, and what was in its slot before", false}}};
  std::array<Outcome, 5> overwrite{
      {{"the slot, the intent leaves it alone", true},
       {"the slot, the intent is at it: discarded", true},
       {"a newer slot or parts of one, the intent says so: discarded", true},
       {"a line of the header was not whole: no answer", true},
       {"a newer slot or parts of one, and the intent leaves it alone", false}}};
};

// The reader's side, by hand: RingReader hides what it discards.
class Looker {
 public:
  Looker(FileSystem& files, const std::string& path) {
    RingShape found{};
    EXPECT_TRUE(open_ring(files, path, &found, &mapping_).ok());
    header_ = reinterpret_cast<const RingHeader*>(mapping_->bytes().data());
    slots_ = reinterpret_cast<const std::uint64_t*>(mapping_->bytes().data() + sizeof(RingHeader));
  }

  // The slot just below the tail, and one of the oldest, which the writer is about to overwrite.
  void look(SlotOutcomes* seen) {
    std::uint64_t tail = 0;
    if (!read_line(&header_->tail, kRingEpoch, &tail) || tail < kRingSlots) return;
    const bool is_new = tail != last_tail_;
    last_tail_ = tail;
    const std::uint64_t newest = tail - 1;
    const std::uint64_t oldest = tail - kRingSlots + turn_++ % 4;
    const Words new_words = copy(newest);
    const Words old_words = copy(oldest);
    fence_acquire();
    std::uint64_t intent = 0;
    const bool is_whole = read_line(&header_->intent, kRingEpoch, &intent);
    const auto overtaken = [&](std::uint64_t s) { return s + kRingSlots < intent; };
    if (!is_new) {
      ++seen->message[0].count;
    } else if (is_right(new_words, newest)) {
      ++seen->message[1].count;
    } else if (is_whole) {
      ++seen->message[overtaken(newest) ? 2 : 3].count;
    }
    if (!is_whole) {
      ++seen->overwrite[3].count;
    } else if (is_right(old_words, oldest)) {
      ++seen->overwrite[overtaken(oldest) ? 1 : 0].count;
    } else {
      ++seen->overwrite[overtaken(oldest) ? 2 : 4].count;
    }
  }

 private:
  using Words = std::array<std::uint64_t, kSlotWords>;
  Words copy(std::uint64_t sequence) const {
    Words words{};
    const std::uint64_t* slot = slots_ + sequence % kRingSlots * kSlotWords;
    for (std::size_t word = 0; word < kSlotWords; ++word) words[word] = load_word(slot + word);
    return words;
  }
  static bool is_right(const Words& words, std::uint64_t sequence) {
    for (const std::uint64_t word : words)
      if (word != sequence) return false;
    return true;
  }

  std::unique_ptr<Mapping> mapping_;
  const RingHeader* header_ = nullptr;
  const std::uint64_t* slots_ = nullptr;
  std::uint64_t last_tail_ = 0;
  std::uint64_t turn_ = 0;
};

// Looks until there were `looks`, or, of a writer in a wrong order, until it was caught.
SlotOutcomes watch(FileSystem& files, const std::string& path, const RingShape& shape,
                   Order order, std::uint64_t looks) {
  RingWriter writer;
  EXPECT_TRUE(RingWriter::create(files, path, shape, &writer).ok());
  publish(&writer, Order::kRight, kRingSlots / 2, false);
  publish(&writer, Order::kRight, kRingSlots / 2, false);
  Looker looker(files, path);
  std::atomic<bool> done{false};  // set by the looker, read by the writer
  Thread thread("writer", [&writer, &done, order] {
    for (std::uint64_t round = 0; !done.load(std::memory_order_acquire); ++round) {
      publish(&writer, order, 1 + round % 4, round % 64 == 0);
      for (std::uint64_t pauses = round * 7 % 31; pauses > 0; --pauses) spin_pause();
    }
  });
  SlotOutcomes seen;
  for (std::uint64_t i = 0; i < looks; ++i) {
    looker.look(&seen);
    if (i % 256 == 0) spin_yield();
    if (seen.message[3].count > 0 && seen.overwrite[4].count > 0) break;
    if (order == Order::kTailBeforeSlots && seen.message[3].count > 0) break;
    if (order == Order::kIntentAfterSlots && seen.overwrite[4].count > 0) break;
  }
  done.store(true, std::memory_order_release);
  thread.join();
  return seen;
}

TEST_F(RingLitmus, TailCarriesTheSlotsAndIntentComesBeforeThem) {
  const SlotOutcomes seen =
      watch(*files_, path(), shape(kRingEpoch, 0), Order::kRight, looks_of(400'000));
  EXPECT_EQ(forbidden("message passing: tail, then the slot below it", seen.message), 0u);
  EXPECT_EQ(forbidden("overwriting: an old slot, then the intent", seen.overwrite), 0u);
  EXPECT_GT(seen.message[1].count, 0u);
  EXPECT_GT(seen.overwrite[0].count, 0u);
}

constexpr std::uint64_t kLooksMax = 20'000'000;  // far more than it takes

TEST_F(RingLitmus, TailBeforeTheSlotsIsCaught) {
  const SlotOutcomes seen =
      watch(*files_, path(), shape(kRingEpoch, 0), Order::kTailBeforeSlots, kLooksMax);
  EXPECT_GT(forbidden("broken on purpose: tail before the slots", seen.message), 0u);
}

TEST_F(RingLitmus, IntentAfterTheSlotsIsCaught) {
  const SlotOutcomes seen =
      watch(*files_, path(), shape(kRingEpoch, 0), Order::kIntentAfterSlots, kLooksMax);
  EXPECT_GT(forbidden("broken on purpose: intent after the slots", seen.overwrite), 0u);
}

// The words of a line fetched one by one in any order, as a read over a network may: `order` has
// the places of value, epoch and check.
RingLine fetch(const RingLine& from, const std::array<int, 3>& order) {
  RingLine line{};
  for (const int word : order) {
    if (word == 0) line.value = load_word(&from.value);
    if (word == 1) line.epoch = load_word(&from.epoch);
    if (word == 2) line.check = load_word(&from.check);
  }
  return line;
}

TEST_F(RingLitmus, ALineIsBelievedOnlyWhole) {
  constexpr std::uint64_t kStep = 1'000'003;  // published values are multiples of it
  constexpr std::array<std::array<int, 3>, 4> kOrders{
      {{0, 1, 2}, {2, 1, 0}, {2, 0, 1}, {0, 2, 1}}};
  RingLine line{};
  publish_line(&line, 0, kRingEpoch);
  std::array<Outcome, 4> seen{{{"whole", true},
                               {"of two values: refused, read again", true},
                               {"of two values, and believed", false},
                               {"older than one seen before, in the writer's order", false}}};
  std::atomic<bool> done{false};  // set by the looker, read by the writer
  Thread thread("writer", [&line, &done] {
    for (std::uint64_t n = 1; !done.load(std::memory_order_acquire); ++n) {
      publish_line(&line, n * kStep, kRingEpoch);
      for (std::uint64_t pauses = n * 5 % 7; pauses > 0; --pauses) spin_pause();
    }
  });
  std::uint64_t last = 0;
  const std::uint64_t looks = looks_of(400'000);
  for (std::uint64_t i = 0; i < looks; ++i) {
    const RingLine copy = fetch(line, kOrders[i % kOrders.size()]);
    std::uint64_t value = 0;
    if (i % 256 == 0) spin_yield();
    if (!read_line(&copy, kRingEpoch, &value)) {
      ++seen[1].count;
    } else if (value % kStep != 0) {
      ++seen[2].count;
    } else if (value < last) {
      ++seen[3].count;
    } else {
      ++seen[0].count;
      last = value;
    }
  }
  done.store(true, std::memory_order_release);
  thread.join();
  EXPECT_EQ(forbidden("a line of the header, its words fetched in any order", seen), 0u);
  EXPECT_GT(seen[0].count, 0u);
  // A line of another epoch, and one that is none.
  std::uint64_t value = 0;
  EXPECT_FALSE(read_line(&line, kRingEpoch + 1, &value));
  line.check ^= 1;
  EXPECT_FALSE(read_line(&line, kRingEpoch, &value));
}

struct Handover {
  std::array<Outcome, 7> seen{{{"the epoch as before", true},
                               {"a newer epoch, complete", true},
                               {"an older epoch than seen before", false},
                               {"no ring, or one not complete", false},
                               {"a header line of another epoch", false},
                               {"a slot of another epoch", false},
                               {"the writer suspended within a line, for long", true}}};
  std::uint64_t last = 0;

  void look_at_lines(FileSystem& files, const std::string& path) {
    RingShape found{};
    std::unique_ptr<Mapping> mapping;
    if (!open_ring(files, path, &found, &mapping).ok()) {
      ++seen[3].count;
      return;
    }
    const auto* header = reinterpret_cast<const RingHeader*>(mapping->bytes().data());
    for (const RingLine* line : {&header->intent, &header->tail, &header->accepted})
      if (load_word(&line->epoch) != found.epoch) ++seen[4].count;
  }

  void look(FileSystem& files, const std::string& path) {
    look_at_lines(files, path);
    RingReader reader;
    const Status status = RingReader::open(files, path, &reader);
    if (!status.ok()) {
      ++seen[status.code() == Code::kUnavailable ? 6 : 3].count;
      return;
    }
    const std::uint64_t epoch = reader.shape().epoch;
    if (epoch < last) ++seen[2].count;
    ++seen[epoch == last ? 0 : 1].count;
    last = std::max(epoch, last);
    const std::uint64_t count = std::min<std::uint64_t>(reader.ready(), kRingSlots);
    for (std::uint64_t i = 0; i < count; ++i)
      if (load_word(reader.slot(reader.next() + i)) / 1000 != epoch) ++seen[5].count;
  }
};

TEST_F(RingLitmus, ANewEpochAppearsComplete) {
  const std::uint64_t epochs = long_tests() ? 20'000 : 100;
  const auto restart = [this](std::uint64_t epoch) {
    RingWriter writer;
    ASSERT_TRUE(RingWriter::create(*files_, path(), shape(epoch, epoch * 1000), &writer).ok());
    publish(&writer, Order::kRight, 3, false);
  };
  restart(1);
  std::atomic<bool> done{false};  // set by the writer, read by the looker
  Handover handover;
  Thread thread("looker", [this, &done, &handover] {
    while (!done.load(std::memory_order_acquire)) handover.look(*files_, path());
  });
  for (std::uint64_t epoch = 2; epoch <= epochs; ++epoch) restart(epoch);
  done.store(true, std::memory_order_release);
  thread.join();
  handover.look(*files_, path());
  EXPECT_EQ(forbidden("the ring at one path while epochs follow each other", handover.seen), 0u);
  EXPECT_EQ(handover.last, epochs);
}

}  // namespace
}  // namespace ndts
