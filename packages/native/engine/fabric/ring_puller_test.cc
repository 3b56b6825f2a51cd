// Rings pulled over every adapter: the mirror holds what the writer wrote or says that it is void,
// every sequence is accounted for, and it goes on after its connection, its key or its ring ended.
#include "fabric/ring_puller.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "base/long_test_kit.h"
#include "fabric/fabric_test_kit.h"
#include "ring/row_rings.h"

namespace ndts {
namespace {

constexpr std::size_t kWords = sizeof(TickSlot) / 8;
using Slot = std::array<std::uint64_t, kWords>;

// A different value in every word, all derived from the sequence; never void.
Slot slot_of(std::uint64_t sequence) {
  Slot slot;
  for (std::size_t word = 0; word < kWords; ++word) {
    std::uint64_t x = sequence * 8 + word + 0x9E37'79B9'7F4A'7C15;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    slot[word] = x ^ (x >> 27);
  }
  slot[1] &= 0xffff'ffff;
  return slot;
}

// As this puller makes them: a row was there.
bool is_void(const Slot& slot) { return slot[1] >> 32 == (kVoidFlag | kMissedFlag); }

void publish(RingWriter* writer, std::uint64_t count) {
  std::vector<Slot> slots;
  for (std::uint64_t i = 0; i < count; ++i) slots.push_back(slot_of(writer->next() + i));
  writer->publish(reinterpret_cast<const std::byte*>(slots.data()), count);
}

class RingPullerTest : public FabricFolderTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    FabricFolderTest::SetUp();
    ASSERT_TRUE(files_->make_directory(at("leases")).ok());
    const Status status = make_test_server(GetParam(), parts_, at("leases"), &server_);
    if (status.code() == Code::kUnavailable) GTEST_SKIP() << status.text();
    ASSERT_TRUE(status.ok()) << status.text();
  }
  void TearDown() override {
    server_.reset();
    FabricFolderTest::TearDown();
  }
  void make_ring(std::uint32_t slots, std::uint64_t first = 0, std::uint64_t epoch = 3) {
    const RingShape shape{.kind = RecordKind::kTick,
                          .slot_bytes = sizeof(TickSlot),
                          .slot_count = slots,
                          .owner = 5,
                          .epoch = epoch,
                          .first_sequence = first};
    const Status status = RingWriter::create(*files_, at("ring"), shape, &writer_);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  Grant expose_ring(std::int64_t lease_ms = 60'000) {
    RingShape shape{};
    std::unique_ptr<Mapping> mapping;
    EXPECT_TRUE(open_ring(*files_, at("ring"), &shape, &mapping).ok());
    const std::shared_ptr<Mapping> owner = std::move(mapping);
    Grant grant{};
    const Status status = server_->expose({.bytes = owner->bytes(),
                                           .changes = true,
                                           .lease_ms = lease_ms,
                                           .path = at("ring"),
                                           .owner = owner},
                                          &grant);
    EXPECT_TRUE(status.ok()) << status.text();
    return grant;
  }
  std::unique_ptr<RingPuller> open(const Grant& grant) {
    RingPullerOptions options;
    options.dir = at("mirror");
    options.round_bytes = 64 * sizeof(TickSlot);
    options.read_bytes = 10 * sizeof(TickSlot);
    options.retry_ns_max = 20 * kTestMs;
    std::unique_ptr<RingPuller> puller;
    const Status status = RingPuller::open(parts_, {grant}, options, &puller);
    EXPECT_TRUE(status.ok()) << status.text();
    return puller;
  }
  // Steps until the ring has this many slots or ended.
  static void pull(RingPuller* puller, std::uint64_t slots) {
    for (int i = 0; i < 100'000; ++i) {
      static_cast<void>(puller->step(10 * kTestMs));
      const PulledRingState state = puller->state().rings[0];
      if (!state.end.ok()) return;
      if (!state.path.empty() && state.counters.slots + state.counters.voids >= slots) return;
    }
    ADD_FAILURE() << "the ring does not get further: " << puller->state().connection.text();
  }

  std::unique_ptr<MemoryServer> server_;
  RingWriter writer_;
};

TEST_P(RingPullerTest, MirrorHoldsWhatWasPublished) {
  make_ring(256, 1000);
  writer_.set_accepted(1150);
  publish(&writer_, 100);
  writer_.set_durable(1090);
  writer_.set_replicated(1080);
  writer_.set_sealed(1070);
  writer_.heartbeat(77);
  const std::unique_ptr<RingPuller> puller = open(expose_ring());
  pull(puller.get(), 100);
  const PulledRingState state = puller->state().rings[0];
  EXPECT_EQ(state.path, at("mirror/ticks-5-3.ring"));
  EXPECT_EQ(state.shape.epoch, 3u);
  RingReader reader;
  ASSERT_TRUE(RingReader::open(*files_, state.path, &reader).ok());
  std::vector<Slot> slots(200);
  std::uint64_t got = 0;
  while (got < 100) got += reader.read(reinterpret_cast<std::byte*>(&slots[got]), 200 - got);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(slots[i], slot_of(1000 + i));
  const RingMarks marks = reader.marks();
  EXPECT_EQ(marks.tail, 1100u);
  EXPECT_EQ(marks.accepted, 1150u);
  EXPECT_EQ(marks.durable, 1090u);
  EXPECT_EQ(marks.replicated, 1080u);
  EXPECT_EQ(marks.sealed, 1070u);
  EXPECT_NE(marks.heartbeat_ns, 77u);
  EXPECT_NE(marks.heartbeat_ns, 0u);
  publish(&writer_, 30);
  pull(puller.get(), 130);
  EXPECT_EQ(reader.read(reinterpret_cast<std::byte*>(slots.data()), 200), 30u);
  EXPECT_EQ(slots[29], slot_of(1129));
  EXPECT_EQ(puller->state().rings[0].counters.voids, 0u);
}

TEST_P(RingPullerTest, WhoSleepsAtAMirrorIsWoken) {
  make_ring(64);
  publish(&writer_, 1);
  const std::unique_ptr<RingPuller> puller = open(expose_ring());
  pull(puller.get(), 1);
  RingBell bell;
  ASSERT_TRUE(RingBell::open(*files_, at("mirror/ticks.bell"), &bell).ok());
  const std::uint32_t ticket = bell.prepare();
  pull(puller.get(), 1);
  EXPECT_EQ(bell.prepare(), ticket) << "nothing was published";
  publish(&writer_, 1);
  pull(puller.get(), 2);
  EXPECT_NE(bell.prepare(), ticket);
}

TEST(RingPullerRest, GrowsWithTheSilence) {
  constexpr std::int64_t kMs = 1'000'000;
  const RingPullerThread::Idle idle;
  for (const auto& [silent_ms, sleep_ms] : {std::pair{2, 1}, {999, 1}, {1000, 2}, {2000, 4},
                                            {3000, 8}, {3'600'000, 8}})
    EXPECT_EQ(RingPullerThread::longest_sleep_ns(idle, silent_ms * kMs), sleep_ms * kMs);
}

TEST_P(RingPullerTest, MirrorBeginsWhereTheRingStillHolds) {
  make_ring(64, 10);
  publish(&writer_, 1000);
  const std::unique_ptr<RingPuller> puller = open(expose_ring());
  pull(puller.get(), 64);
  RingReader reader;
  ASSERT_TRUE(RingReader::open(*files_, puller->state().rings[0].path, &reader).ok());
  EXPECT_EQ(reader.shape().first_sequence, 946u);
  EXPECT_EQ(reader.next(), 946u);
}

TEST_P(RingPullerTest, WhatWasOvertakenIsVoid) {
  make_ring(64);
  publish(&writer_, 10);
  const std::unique_ptr<RingPuller> puller = open(expose_ring());
  pull(puller.get(), 10);
  RingReader reader;
  ASSERT_TRUE(RingReader::open(*files_, puller->state().rings[0].path, &reader).ok());
  publish(&writer_, 1000);
  pull(puller.get(), 1010);
  const PulledRingCounters counters = puller->state().rings[0].counters;
  EXPECT_EQ(counters.slots + counters.voids, 1010u);
  EXPECT_GT(counters.voids, 900u);
  std::array<Slot, 64> slots;
  std::uint64_t whole = 0;
  std::uint64_t voids = 0;
  while (reader.ready() > 0) {
    const std::uint64_t count = reader.read(reinterpret_cast<std::byte*>(slots.data()), 64);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (is_void(slots[i])) {
        ++voids;
        continue;
      }
      EXPECT_EQ(slots[i], slot_of(reader.next() - count + i));
      ++whole;
    }
  }
  EXPECT_EQ(whole + voids + reader.lapped(), 1010u);
}

TEST_P(RingPullerTest, RevokedKeyEndsARingAndANewEpochReplacesIt) {
  make_ring(64);
  publish(&writer_, 10);
  const Grant grant = expose_ring();
  const std::unique_ptr<RingPuller> puller = open(grant);
  pull(puller.get(), 10);
  const std::string old_path = puller->state().rings[0].path;
  ASSERT_TRUE(server_->revoke(grant.key).ok());
  pull(puller.get(), 11);
  EXPECT_EQ(puller->state().rings[0].end.code(), Code::kLeaseLost);

  make_ring(64, 10, 4);
  publish(&writer_, 5);
  ASSERT_TRUE(puller->replace(0, expose_ring()).ok());
  static_cast<void>(puller->step(0));
  pull(puller.get(), 5);
  const PulledRingState state = puller->state().rings[0];
  EXPECT_TRUE(state.end.ok()) << state.end.text();
  EXPECT_EQ(state.shape.epoch, 4u);
  EXPECT_NE(state.path, old_path);
  EXPECT_FALSE(std::filesystem::exists(old_path));
  EXPECT_EQ(puller->replace(1, grant).code(), Code::kInvalidArgument);
}

TEST_P(RingPullerTest, ConnectionIsMadeAgain) {
  if (std::string_view(GetParam()) == "mapped") return;  // there is no connection
  make_ring(256);
  publish(&writer_, 10);
  const Grant grant = expose_ring();
  const std::unique_ptr<RingPuller> puller = open(grant);
  pull(puller.get(), 10);
  EXPECT_EQ(puller->state().connects, 1u);
  server_->stop();
  for (int i = 0; i < 1000 && puller->state().connection.ok(); ++i)
    static_cast<void>(puller->step(10 * kTestMs));
  EXPECT_FALSE(puller->state().connection.ok());
  EXPECT_TRUE(puller->state().rings[0].end.ok());
  // The same ring at the same address, with a new key.
  std::unique_ptr<MemoryServer> second;
  const std::string port = grant.address.substr(grant.address.rfind(':') + 1);
  ASSERT_TRUE(make_memory_server(GetParam(), parts_, &second).ok());
  Status started;
  for (int i = 0; i < 100; ++i) {
    started = second->start("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port)));
    if (started.ok()) break;
  }
  ASSERT_TRUE(started.ok()) << started.text();
  server_ = std::move(second);
  publish(&writer_, 10);
  ASSERT_TRUE(puller->replace(0, expose_ring()).ok());
  static_cast<void>(puller->step(0));
  pull(puller.get(), 20);
  EXPECT_TRUE(puller->state().connection.ok());
}

TEST_P(RingPullerTest, MisuseIsNamed) {
  make_ring(64);
  const Grant grant = expose_ring();
  Grant elsewhere = grant;
  elsewhere.provider = "elsewhere";
  RingPullerOptions options;
  options.dir = at("mirror");
  std::unique_ptr<RingPuller> puller;
  EXPECT_EQ(RingPuller::open(parts_, {}, options, &puller).code(), Code::kInvalidArgument);
  EXPECT_EQ(RingPuller::open(parts_, {grant, elsewhere}, options, &puller).code(),
            Code::kInvalidArgument);
  EXPECT_EQ(RingPuller::open(parts_, {elsewhere}, options, &puller).code(),
            Code::kInvalidArgument);
  ASSERT_TRUE(RingPuller::open(parts_, {grant}, options, &puller).ok());
  std::unique_ptr<RingPuller> second;
  EXPECT_EQ(RingPuller::open(parts_, {grant}, options, &second).code(), Code::kLocked);
}

TEST_P(RingPullerTest, MemoryThatIsNoRing) {
  TestMemory memory(files_.get(), at("memory"), 4096);
  Grant grant{};
  ASSERT_TRUE(server_->expose(memory.exposure(true), &grant).ok());
  const std::unique_ptr<RingPuller> puller = open(grant);
  pull(puller.get(), 1);
  EXPECT_EQ(puller->state().rings[0].end.code(), Code::kCorrupt);
}

struct Seen {
  std::uint64_t whole = 0;
  std::uint64_t voids = 0;
  std::uint64_t torn = 0;
  std::uint64_t lapped = 0;
};

// Reads a mirror until `end` is passed.
Seen follow(RingReader* reader, std::uint64_t end) {
  Seen seen;
  std::array<Slot, 64> slots;
  while (reader->next() < end) {
    const std::uint64_t count = reader->read(reinterpret_cast<std::byte*>(slots.data()), 64);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (is_void(slots[i])) {
        ++seen.voids;
      } else {
        ++(slots[i] == slot_of(reader->next() - count + i) ? seen.whole : seen.torn);
      }
    }
  }
  seen.lapped = reader->lapped();
  return seen;
}

// A writer at full speed on a small ring, a puller and a reader of its mirror in threads.
TEST_P(RingPullerTest, ModelOfAWriterAtFullSpeed) {
#if defined(__SANITIZE_THREAD__)
  if (is_libfabric(GetParam())) return;  // reads without atomics are races to it
#endif
  const std::int64_t run_ns = (long_tests() ? 20'000 : 500) * kTestMs;
  make_ring(512);
  publish(&writer_, 1);
  std::unique_ptr<RingPuller> puller = open(expose_ring());
  pull(puller.get(), 1);
  RingReader reader;
  ASSERT_TRUE(RingReader::open(*files_, puller->state().rings[0].path, &reader).ok());
  RingPullerThread thread(std::move(puller), &clock_, {});
  std::atomic<std::uint64_t> end{UINT64_MAX};  // where the writer stopped
  Seen seen;
  const auto add = [&seen](const Seen& more) {
    seen.whole += more.whole;
    seen.voids += more.voids;
    seen.torn += more.torn;
    seen.lapped = more.lapped;
  };
  {
    Thread follower("follower", [&] {
      while (end.load(std::memory_order_acquire) == UINT64_MAX) {
        add(follow(&reader, reader.next() + std::min<std::uint64_t>(reader.ready(), 64)));
      }
      add(follow(&reader, end.load(std::memory_order_acquire)));
    });
    const std::int64_t until_ns = clock_.monotonic_ns() + run_ns;
    std::uint64_t round = 0;
    while (clock_.monotonic_ns() < until_ns) {
      publish(&writer_, 1 + (writer_.next() * 7 + round) % 200);
      if (++round % 8 != 0) continue;
      const std::int64_t pause_until_ns = clock_.monotonic_ns() + 300'000;
      while (clock_.monotonic_ns() < pause_until_ns) {
      }
    }
    end.store(writer_.next(), std::memory_order_release);
  }
  thread.stop();
  const PulledRingCounters counters = thread.puller().state().rings[0].counters;
  std::printf("%-10s published %llu pulled %llu overtaken %llu; read %llu void %llu lapped %llu\n",
              GetParam(), static_cast<unsigned long long>(writer_.next()),
              static_cast<unsigned long long>(counters.slots),
              static_cast<unsigned long long>(counters.voids),
              static_cast<unsigned long long>(seen.whole),
              static_cast<unsigned long long>(seen.voids),
              static_cast<unsigned long long>(seen.lapped));
  EXPECT_EQ(seen.torn, 0u);
  EXPECT_GT(seen.whole, 0u);
  EXPECT_EQ(seen.whole + seen.voids + seen.lapped, writer_.next());
  EXPECT_EQ(counters.slots + counters.voids, writer_.next());
}

INSTANTIATE_TEST_SUITE_P(Adapters, RingPullerTest, testing::Values("mapped", "tcp", "tcp;ofi_rxm"),
                         [](const testing::TestParamInfo<const char*>& info) {
                           std::string name = info.param;
                           std::erase_if(name, [](char c) { return !isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace ndts
