// The ring protocol: shapes and files, positions, lapping, and a litmus of writer and readers in
// threads.
#include "ring/ring.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/sim_file.h"
#include "base/thread.h"

namespace ndts {
namespace {

constexpr std::size_t kWords = 8;
using Slot = std::array<std::uint64_t, kWords>;

// A different value in every word, all derived from the sequence.
std::uint64_t word_of(std::uint64_t sequence, std::size_t word) {
  std::uint64_t x = sequence * 8 + word + 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  return x ^ (x >> 27);
}

Slot slot_of(std::uint64_t sequence) {
  Slot slot;
  for (std::size_t word = 0; word < kWords; ++word) slot[word] = word_of(sequence, word);
  return slot;
}

class RingTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ndts-ring-test-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  static RingShape shape(std::uint32_t slots, std::uint64_t first = 0, std::uint64_t epoch = 1) {
    return {.kind = RecordKind::kTick,
            .slot_bytes = sizeof(Slot),
            .slot_count = slots,
            .owner = 3,
            .epoch = epoch,
            .first_sequence = first};
  }
  RingWriter make(const RingShape& shape, const std::string& name = "ring") {
    RingWriter writer;
    const Status status = RingWriter::create(*files_, at(name), shape, &writer);
    EXPECT_TRUE(status.ok()) << status.text();
    return writer;
  }
  RingReader open(const RingStart& start = {}, const std::string& name = "ring") {
    RingReader reader;
    Status status = RingReader::open(*files_, at(name), &reader);
    EXPECT_TRUE(status.ok()) << status.text();
    status = reader.start(start);
    EXPECT_TRUE(status.ok()) << status.text();
    return reader;
  }
  static void publish(RingWriter* writer, std::uint64_t count) {
    std::vector<Slot> slots;
    for (std::uint64_t i = 0; i < count; ++i) slots.push_back(slot_of(writer->next() + i));
    writer->publish(reinterpret_cast<const std::byte*>(slots.data()), count);
  }
  // Reads once and checks every word against the sequences that were passed.
  static std::uint64_t read(RingReader* reader, std::uint64_t capacity) {
    std::vector<Slot> slots(capacity);
    const std::uint64_t count =
        reader->read(reinterpret_cast<std::byte*>(slots.data()), capacity);
    for (std::uint64_t i = 0; i < count; ++i)
      EXPECT_EQ(slots[i], slot_of(reader->next() - count + i));
    return count;
  }
  Code open_code(const std::string& name) {
    RingReader reader;
    const Status status = RingReader::open(*files_, at(name), &reader);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.file(), at(name));
    return status.code();
  }
  void poke(const std::string& name, std::uint64_t offset, std::uint32_t value) {
    std::unique_ptr<File> file;
    ASSERT_TRUE(files_->open(at(name), OpenMode::kReadWrite, &file).ok());
    ASSERT_TRUE(file->write(offset, bytes_of(value)).ok());
  }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
};

TEST_F(RingTest, ReadsWhatWasPublishedInOrder) {
  RingWriter writer = make(shape(16, 1000));
  RingReader reader = open();
  EXPECT_EQ(reader.ready(), 0u);
  publish(&writer, 5);
  EXPECT_EQ(read(&reader, 3), 3u);
  EXPECT_EQ(reader.next(), 1003u);
  publish(&writer, 2);
  EXPECT_EQ(read(&reader, 16), 2u);
  EXPECT_EQ(read(&reader, 16), 2u);
  EXPECT_EQ(read(&reader, 16), 0u);
  EXPECT_EQ(reader.lapped(), 0u);
  EXPECT_EQ(reader.next(), writer.next());
}

TEST_F(RingTest, FileIsPrivateAndOfTheSizeItSays) {
  const RingWriter writer = make(shape(64));
  EXPECT_EQ(std::filesystem::file_size(at("ring")), sizeof(RingHeader) + 64 * sizeof(Slot));
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(at("ring")).permissions()), 0600u);
  EXPECT_FALSE(std::filesystem::exists(at("ring.new")));
}

TEST_F(RingTest, RefusesShapesOutOfTheirLimits) {
  RingWriter writer;
  const auto code = [&](RingShape wrong) {
    return RingWriter::create(*files_, at("wrong"), wrong, &writer).code();
  };
  for (const std::uint32_t slots : {0u, 1u, 4u, 12u, kRingSlotsMax * 2})
    EXPECT_EQ(code(shape(slots)), Code::kInvalidArgument) << slots;
  for (const std::uint32_t bytes : {0u, 4u, 60u, kRingSlotBytesMax + 8}) {
    RingShape wrong = shape(16);
    wrong.slot_bytes = bytes;
    EXPECT_EQ(code(wrong), Code::kInvalidArgument) << bytes;
  }
  RingShape kind = shape(16);
  kind.kind = static_cast<RecordKind>(6);
  EXPECT_EQ(code(kind), Code::kInvalidArgument);
  EXPECT_EQ(code(shape(16, 0, 0)), Code::kInvalidArgument);
  EXPECT_EQ(code(shape(16, kRingNumberMax + 1)), Code::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(at("wrong")));
}

TEST_F(RingTest, WhatIsNoRingIsNamed) {
  EXPECT_EQ(open_code("missing"), Code::kNotFound);
  std::unique_ptr<File> file;
  ASSERT_TRUE(files_->open(at("empty"), OpenMode::kCreate, &file).ok());
  EXPECT_EQ(open_code("empty"), Code::kCorrupt);
  ASSERT_TRUE(files_->open(at("zeros"), OpenMode::kCreate, &file).ok());
  ASSERT_TRUE(file->allocate(4096).ok());
  EXPECT_EQ(open_code("zeros"), Code::kCorrupt);

  const auto damaged = [this](std::uint64_t offset, std::uint32_t value) {
    const RingWriter writer = make(shape(16), "damaged");
    poke("damaged", offset, value);
    const Code code = open_code("damaged");
    std::filesystem::remove(at("damaged"));
    return code;
  };
  EXPECT_EQ(damaged(offsetof(RingHeader, magic), 1), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, version), 0), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, version), 2), Code::kVersionTooNew);
  EXPECT_EQ(damaged(offsetof(RingHeader, record_kind), 0), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, slot_bytes), 7), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, slot_count), 32), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, reserved0), 1), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, reserved2) + 124, 1), Code::kCorrupt);
  EXPECT_EQ(damaged(offsetof(RingHeader, tail), 1), Code::kUnavailable);
}

TEST_F(RingTest, OpeningGivesWayToAWriterSuspendedWithinALine) {
  const RingWriter writer = make(shape(16));
  const std::uint64_t whole = 0 ^ 1 ^ kRingLineSalt;  // of value 0 and epoch 1
  const auto set_check = [this](std::uint64_t check) {
    const std::uint64_t at_check = offsetof(RingHeader, tail) + offsetof(RingLine, check);
    poke("ring", at_check, static_cast<std::uint32_t>(check));
  };
  set_check(~whole);
  Thread rest("rest of the line", [&set_check, whole] {
    timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
    nanosleep(&pause, nullptr);
    set_check(whole);
  });
  RingReader reader;
  const Status status = RingReader::open(*files_, at("ring"), &reader);
  EXPECT_TRUE(status.ok()) << status.text();
  rest.join();
}

TEST_F(RingTest, CutFileIsCorrupt) {
  const RingWriter writer = make(shape(16));
  std::filesystem::resize_file(at("ring"), sizeof(RingHeader) + 15 * sizeof(Slot));
  EXPECT_EQ(open_code("ring"), Code::kCorrupt);
}

TEST_F(RingTest, NewEpochIsANewFileAndTheOldOneStaysReadable) {
  RingWriter old = make(shape(16, 0, 7));
  publish(&old, 3);
  RingReader reader = open();
  RingWriter fresh = make(shape(16, 3, 8));
  publish(&fresh, 2);
  EXPECT_EQ(read(&reader, 16), 3u);
  EXPECT_EQ(reader.shape().epoch, 7u);
  RingReader second = open();
  EXPECT_EQ(second.shape().epoch, 8u);
  EXPECT_EQ(read(&second, 16), 2u);

  RingWriter refused;
  for (const std::uint64_t epoch : {7u, 8u})
    EXPECT_EQ(RingWriter::create(*files_, at("ring"), shape(16, 0, epoch), &refused).code(),
              Code::kAlreadyExists);
}

TEST_F(RingTest, NeverReplacesWhatIsNoRing) {
  std::unique_ptr<File> file;
  ASSERT_TRUE(files_->open(at("ring"), OpenMode::kCreate, &file).ok());
  ASSERT_TRUE(file->write(0, bytes_of_text("somebody's notes")).ok());
  RingWriter writer;
  EXPECT_EQ(RingWriter::create(*files_, at("ring"), shape(16), &writer).code(),
            Code::kAlreadyExists);
  EXPECT_EQ(std::filesystem::file_size(at("ring")), 16u);
}

TEST_F(RingTest, LeftoverOfAnUnfinishedCreateIsReplaced) {
  std::unique_ptr<File> file;
  ASSERT_TRUE(files_->open(at("ring.new"), OpenMode::kCreate, &file).ok());
  const RingWriter writer = make(shape(16));
  EXPECT_FALSE(std::filesystem::exists(at("ring.new")));
}

TEST_F(RingTest, StartsWhereItIsTold) {
  using Kind = RingStart::Kind;
  RingWriter writer = make(shape(16, 100, 5));
  publish(&writer, 10);
  EXPECT_EQ(open({Kind::kOldest, 0, 0}).next(), 100u);
  EXPECT_EQ(open({Kind::kTail, 0, 0}).next(), 110u);
  EXPECT_EQ(open({Kind::kAt, 5, 104}).next(), 104u);
  EXPECT_EQ(open({Kind::kAt, 5, 110}).next(), 110u);
  EXPECT_EQ(open({Kind::kAt, 4, 100}).next(), 100u);

  const RingReader behind = open({Kind::kAt, 4, 90});
  EXPECT_EQ(behind.next(), 100u);
  EXPECT_EQ(behind.lapped(), 10u);

  RingReader reader = open();
  EXPECT_EQ(reader.start({Kind::kAt, 5, 111}).code(), Code::kInvalidArgument);
  EXPECT_EQ(reader.start({Kind::kAt, 4, 101}).code(), Code::kWrongEpoch);
  EXPECT_EQ(reader.start({Kind::kAt, 6, 100}).code(), Code::kWrongEpoch);
}

TEST_F(RingTest, OldestIsWhatTheRingStillHolds) {
  RingWriter writer = make(shape(16));
  publish(&writer, 40);
  RingReader reader = open();
  EXPECT_EQ(reader.next(), 24u);
  EXPECT_EQ(read(&reader, 64), 16u);
  EXPECT_EQ(reader.lapped(), 0u);
}

TEST_F(RingTest, LappedReaderKnowsHowMuchItMissed) {
  RingWriter writer = make(shape(16));
  RingReader reader = open();
  publish(&writer, 4);
  EXPECT_EQ(read(&reader, 16), 4u);
  publish(&writer, 100);
  const std::uint64_t count = read(&reader, 16);
  EXPECT_EQ(count, 12u);  // three quarters of the ring
  EXPECT_EQ(reader.lapped() + count + 4, 104u);
  EXPECT_EQ(reader.next(), 104u);
}

TEST_F(RingTest, ReaderWithSlotsInViewIsOvertaken) {
  RingWriter writer = make(shape(16));
  RingReader reader = open();
  publish(&writer, 8);
  EXPECT_EQ(reader.ready(), 8u);
  publish(&writer, 12);  // slots 0..3 are gone
  std::uint64_t overtaken = 0;
  ASSERT_TRUE(reader.pass(8, &overtaken));
  EXPECT_EQ(overtaken, 4u);
  EXPECT_EQ(reader.next(), 8u);
  EXPECT_EQ(reader.lapped(), 4u);
}

TEST_F(RingTest, NothingLeftOfWhatWasInView) {
  RingWriter writer = make(shape(16));
  RingReader reader = open();
  publish(&writer, 16);
  EXPECT_EQ(reader.ready(), 16u);
  publish(&writer, 24);
  EXPECT_EQ(read(&reader, 4), 0u);  // the slots in view hold later ticks by now
  EXPECT_EQ(reader.next(), 28u);    // a quarter above the oldest, 24
  EXPECT_EQ(reader.lapped(), 28u);
  EXPECT_EQ(read(&reader, 16), 12u);
}

TEST_F(RingTest, AnnouncedSlotsAreNoLongerOffered) {
  RingWriter writer = make(shape(16));
  publish(&writer, 16);
  RingReader reader = open();
  EXPECT_EQ(reader.ready(), 16u);
  writer.announce(8);  // overwriting may begin, nothing is committed
  EXPECT_EQ(read(&reader, 16), 8u);
  EXPECT_EQ(reader.lapped(), 8u);
}

TEST_F(RingTest, WatermarksNeverGoBack) {
  RingWriter writer = make(shape(16, 50));
  const RingReader reader = open();
  EXPECT_EQ(reader.marks().accepted, 50u);
  EXPECT_EQ(reader.marks().durable, 0u);
  writer.set_accepted(60);
  writer.set_accepted(55);
  writer.set_durable(58);
  writer.set_replicated(57);
  writer.set_sealed(56);
  writer.heartbeat(123);
  publish(&writer, 2);
  const RingMarks marks = reader.marks();
  EXPECT_EQ(marks.epoch, 1u);
  EXPECT_EQ(marks.tail, 52u);
  EXPECT_EQ(marks.accepted, 60u);
  EXPECT_EQ(marks.durable, 58u);
  EXPECT_EQ(marks.replicated, 57u);
  EXPECT_EQ(marks.sealed, 56u);
  EXPECT_EQ(marks.heartbeat_ns, 123u);
}

TEST_F(RingTest, TornLineIsNotBelieved) {
  RingWriter writer = make(shape(16));
  publish(&writer, 2);
  RingReader reader = open();
  publish(&writer, 2);
  EXPECT_EQ(read(&reader, 16), 2u);
  // As a writer leaves it that was killed between value and check.
  poke("ring", offsetof(RingHeader, tail), 5);
  EXPECT_EQ(read(&reader, 16), 0u);
  EXPECT_EQ(reader.next(), 2u);
}

TEST(RingDisk, FullDiskIsNamedAndLeavesNothing) {
  SimFileSystem files(1);
  ASSERT_TRUE(files.make_directory("/sim").ok());
  files.set_capacity(16'384);
  RingWriter writer;
  const RingShape shape{.kind = RecordKind::kTick,
                        .slot_bytes = 64,
                        .slot_count = 1024,
                        .owner = 0,
                        .epoch = 1,
                        .first_sequence = 0};
  EXPECT_EQ(RingWriter::create(files, "/sim/ring", shape, &writer).code(), Code::kDiskFull);
  std::vector<std::string> names;
  ASSERT_TRUE(files.list("/sim", &names).ok());
  EXPECT_TRUE(names.empty());
}

// What readers may see of a slot while it is overwritten: nothing. Every word of every slot read
// belongs to the sequence it was read as; slots are read once, in order, or counted as lapped.
struct Outcomes {
  std::uint64_t whole = 0;
  std::uint64_t torn = 0;
  std::uint64_t disordered = 0;
  std::uint64_t lapped = 0;
  std::uint64_t unaccounted = 0;
};

Outcomes follow(RingReader reader, const std::atomic<bool>& done, std::size_t capacity) {
  Outcomes seen;
  std::vector<Slot> slots(capacity);
  std::uint64_t expected = reader.next();
  while (true) {
    const bool last = done.load(std::memory_order_acquire);  // partner: the store after the writer
    const std::uint64_t before = reader.lapped();
    const std::uint64_t count = reader.read(reinterpret_cast<std::byte*>(slots.data()), capacity);
    const std::uint64_t first = reader.next() - count;
    if (first < expected) ++seen.disordered;
    if (first + count - expected != count + reader.lapped() - before) ++seen.unaccounted;
    for (std::uint64_t i = 0; i < count; ++i)
      ++(slots[i] == slot_of(first + i) ? seen.whole : seen.torn);
    expected = reader.next();
    if (last && count == 0 && reader.ready() == 0) break;
  }
  seen.lapped = reader.lapped();
  return seen;
}

TEST_F(RingTest, LitmusOfOneWriterAndThreeReaders) {
  constexpr std::int64_t kRunNs = 2'000'000'000;
  RingWriter writer = make(shape(64));
  std::atomic<bool> done{false};  // set when the writer is through, read by follow()
  std::array<Outcomes, 3> outcomes;
  const std::array<std::size_t, 3> capacities{1, 16, 64};
  std::uint64_t published = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      auto reader = std::make_shared<RingReader>(open());
      threads.push_back(std::make_unique<Thread>("reader", [&, i, reader] {
        outcomes[i] = follow(std::move(*reader), done, capacities[i]);
      }));
    }
    SystemClock clock;
    const std::int64_t end_ns = clock.monotonic_ns() + kRunNs;
    std::array<Slot, 48> slots;
    while (clock.monotonic_ns() < end_ns) {
      // Bursts that lap the readers, and pauses that let them catch up.
      for (std::size_t round = 0; round < 64; ++round) {
        const std::size_t count = 1 + (writer.next() * 7 + round) % slots.size();
        for (std::size_t i = 0; i < count; ++i) slots[i] = slot_of(writer.next() + i);
        writer.publish(reinterpret_cast<const std::byte*>(slots.data()), count);
      }
      const std::int64_t pause_until_ns = clock.monotonic_ns() + 2'000;
      while (clock.monotonic_ns() < pause_until_ns) {
      }
    }
    published = writer.next();
    done.store(true, std::memory_order_release);
  }
  std::printf("capacity       whole      lapped  torn  disordered  unaccounted\n");
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcomes& seen = outcomes[i];
    std::printf("%8zu %11llu %11llu %5llu %11llu %12llu\n", capacities[i],
                static_cast<unsigned long long>(seen.whole),
                static_cast<unsigned long long>(seen.lapped),
                static_cast<unsigned long long>(seen.torn),
                static_cast<unsigned long long>(seen.disordered),
                static_cast<unsigned long long>(seen.unaccounted));
    EXPECT_EQ(seen.torn, 0u);
    EXPECT_EQ(seen.disordered, 0u);
    EXPECT_EQ(seen.unaccounted, 0u);
    EXPECT_EQ(seen.whole + seen.lapped, published);
    EXPECT_GT(seen.whole, 0u);
  }
}

}  // namespace
}  // namespace ndts
