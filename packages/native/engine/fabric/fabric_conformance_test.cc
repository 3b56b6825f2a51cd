// One suite for every adapter of remote_memory.h: what is read is what is there, nothing is served
// without a right grant, and whatever happens to the peer a read ends by its deadline.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>

#include "base/thread.h"
#include "fabric/changing_copy.h"
#include "fabric/fabric_test_kit.h"

namespace ndts {
namespace {

constexpr std::size_t kMemoryBytes = (4u << 20) + 5077;

struct Adapter {
  const char* provider;
  bool has_peer;     // reads end when the server does
  bool says_why;     // a refusal names its reason and leaves the connection alone
  bool copies_words;  // memory that changes is read by whole words
};

constexpr Adapter kAdapters[] = {
    {"mapped", false, true, true},
    {"tcp", true, true, true},
    {"tcp;ofi_rxm", true, false, false},
};

class FabricConformance : public FabricFolderTest, public testing::WithParamInterface<Adapter> {
 protected:
  void SetUp() override {
    FabricFolderTest::SetUp();
    const Status status = make_test_server(GetParam().provider, parts_, folder_, &server_);
    if (status.code() == Code::kUnavailable) GTEST_SKIP() << status.text();
    ASSERT_TRUE(status.ok()) << status.text();
    memory_ = std::make_unique<TestMemory>(files_.get(), at("memory"), kMemoryBytes);
  }
  Grant expose(bool changes = false, std::int64_t lease_ms = 60'000) {
    Grant grant{};
    const Status status = server_->expose(memory_->exposure(changes, lease_ms), &grant);
    EXPECT_TRUE(status.ok()) << status.text();
    return grant;
  }
  // Refused, and nothing was written.
  void expect_refused(const Status& status, Code code, TestReader& reader) {
    if (GetParam().says_why) {
      EXPECT_EQ(status.code(), code) << status.text();
    } else {
      EXPECT_TRUE(status.code() == code || status.code() == Code::kUnavailable ||
                  status.code() == Code::kTimeout)
          << status.text();
    }
    for (const std::byte byte : reader.memory().first(64)) EXPECT_EQ(byte, std::byte{0});
  }

  std::unique_ptr<MemoryServer> server_;
  std::unique_ptr<TestMemory> memory_;
};

TEST_P(FabricConformance, ReadsWhatIsThere) {
  const std::uint64_t seed = pull_test_seed(11);
  std::mt19937_64 random(seed);
  for (const Exposure& kind : {memory_->exposure(), memory_->exposure(true), memory_->proven()}) {
    Grant grant{};
    ASSERT_TRUE(server_->expose(kind, &grant).ok());
    EXPECT_EQ(grant.length, kMemoryBytes);
    TestReader reader(grant, parts_);
    std::vector<std::size_t> sizes = {1, 7, 8, 63, 64, 4096, 16'384, 16'385, 100'000, 1u << 20,
                                      kPullReadBytesMax - 1, kPullReadBytesMax};
    for (int i = 0; i < 20; ++i) sizes.push_back(1 + random() % (1u << (random() % 21)));
    for (const std::size_t bytes : sizes) {
      const std::uint64_t offset = random() % (kMemoryBytes - bytes + 1);
      const Status status = reader.read(grant, offset, bytes);
      ASSERT_TRUE(status.ok()) << status.text() << " seed " << seed;
      EXPECT_TRUE(holds_place(reader.memory().first(bytes), offset))
          << bytes << " at " << offset << " seed " << seed;
    }
  }
}

TEST_P(FabricConformance, ManyReadsInFlight) {
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  ASSERT_TRUE(reader.connect().ok());
  constexpr std::size_t kBytes = 10'007;
  const auto place = [](std::size_t tag) { return tag * 15'013; };
  for (std::size_t round = 0; round < 3; ++round) {
    std::fill(reader.memory().begin(), reader.memory().end(), std::byte{0});
    for (std::size_t i = 0; i < kPullInFlightMax; ++i)
      ASSERT_TRUE(reader
                      ->post(grant, place(i), reader.memory().subspan(i * kBytes, kBytes), i,
                             kTestPatienceNs)
                      .ok());
    EXPECT_EQ(reader->post(grant, 0, reader.memory().first(1), 999, kTestPatienceNs).code(),
              Code::kRateLimited);
    std::vector<bool> seen(kPullInFlightMax);
    for (std::size_t done = 0; done < kPullInFlightMax;) {
      std::array<Completion, 7> completions;
      const std::size_t count = reader->wait(completions, kTestPatienceNs);
      ASSERT_GT(count, 0u);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(completions[i].status.ok()) << completions[i].status.text();
        const std::size_t tag = completions[i].tag;
        EXPECT_FALSE(seen[tag]);
        seen[tag] = true;
        EXPECT_TRUE(holds_place(reader.memory().subspan(tag * kBytes, kBytes), place(tag)));
      }
      done += count;
    }
    EXPECT_EQ(reader->in_flight(), 0u);
  }
}

TEST_P(FabricConformance, RangesOutsideTheGrantAreRefused) {
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  ASSERT_TRUE(reader.connect().ok());
  const auto post = [&](const Grant& with, std::uint64_t offset, MutableBytes into) {
    return reader->post(with, offset, into, 1, kTestPatienceNs).code();
  };
  const MutableBytes memory = reader.memory();
  EXPECT_EQ(post(grant, 0, memory.first(0)), Code::kInvalidArgument);
  EXPECT_EQ(post(grant, 0, memory.first(kPullReadBytesMax + 1)), Code::kInvalidArgument);
  EXPECT_EQ(post(grant, kMemoryBytes, memory.first(1)), Code::kInvalidArgument);
  EXPECT_EQ(post(grant, kMemoryBytes - 7, memory.first(8)), Code::kInvalidArgument);
  EXPECT_EQ(post(grant, UINT64_MAX, memory.first(8)), Code::kInvalidArgument);
  std::byte foreign[8];
  EXPECT_EQ(post(grant, 0, foreign), Code::kInvalidArgument);
  EXPECT_EQ(reader->in_flight(), 0u);

  // Who lies about the length gets past the reader, not past the server.
  Grant longer = grant;
  longer.length = UINT64_MAX;
  for (const std::uint64_t offset : {std::uint64_t{kMemoryBytes}, std::uint64_t{1} << 40,
                                     UINT64_MAX - 4096})
    expect_refused(reader.read(longer, offset, 4096, 500 * kTestMs), Code::kInvalidArgument,
                   reader);
  ASSERT_TRUE(reader.read(grant, kMemoryBytes - 7, 7).ok());
  EXPECT_TRUE(holds_place(memory.first(7), kMemoryBytes - 7));
}

TEST_P(FabricConformance, WrongKeysAreRefused) {
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  Grant wrong = grant;
  for (const std::uint64_t bit : {0u, 31u, 32u, 63u}) {
    wrong.key = grant.key ^ std::uint64_t{1} << bit;
    expect_refused(reader.read(wrong, 0, 64, 500 * kTestMs), Code::kLeaseLost, reader);
  }
  ASSERT_TRUE(reader.read(grant, 0, 64).ok());
  EXPECT_TRUE(holds_place(reader.memory().first(64), 0));
}

TEST_P(FabricConformance, KeysAreNewEachTime) {
  const Grant first = expose();
  const Grant second = expose();
  EXPECT_NE(first.key, second.key);
  EXPECT_TRUE(server_->revoke(first.key).ok());
  EXPECT_NE(expose().key, first.key);
}

TEST_P(FabricConformance, RevokedMemoryIsNeverServed) {
  const Grant grant = expose();
  const Grant other = expose();
  TestReader reader(grant, parts_);
  ASSERT_TRUE(reader.read(grant, 0, 64).ok());
  std::fill(reader.memory().begin(), reader.memory().end(), std::byte{0});
  EXPECT_TRUE(server_->revoke(grant.key).ok());
  EXPECT_EQ(server_->revoke(grant.key).code(), Code::kNotFound);
  EXPECT_EQ(server_->renew(grant.key, 1000).code(), Code::kNotFound);
  expect_refused(reader.read(grant, 0, 64, 500 * kTestMs), Code::kLeaseLost, reader);
  EXPECT_TRUE(reader.read(other, 0, 64).ok());
  EXPECT_TRUE(server_->revoke(other.key).ok());
  server_->stop();
  // Nobody holds the memory but this test.
  EXPECT_EQ(memory_->mapping().use_count(), 1);
}

TEST_P(FabricConformance, LeasesEnd) {
  ManualClock clock(1'000'000 * kTestMs);
  const MemoryParts parts{files_.get(), &clock, &random_};
  std::unique_ptr<MemoryServer> server;
  const std::string folder = at("leases");
  ASSERT_TRUE(files_->make_directory(folder).ok());
  ASSERT_TRUE(make_test_server(GetParam().provider, parts, folder, &server).ok());
  Grant grant{};
  ASSERT_TRUE(server->expose(memory_->exposure(false, 1000), &grant).ok());
  EXPECT_EQ(grant.expires_at_ms, 1'001'000);
  // Mapped memory has no server to ask: the reader looks at the clock of the host.
  TestReader reader(grant, GetParam().has_peer ? parts_ : parts);
  ASSERT_TRUE(reader.read(grant, 0, 64).ok());
  clock.advance(999 * kTestMs);
  ASSERT_TRUE(server->renew(grant.key, 1000).ok());
  clock.advance(999 * kTestMs);
  ASSERT_TRUE(reader.read(grant, 0, 64).ok());
  std::fill(reader.memory().begin(), reader.memory().end(), std::byte{0});
  clock.advance(1 * kTestMs);
  // What sees the lease end may need a moment.
  Status status = reader.read(grant, 0, 64, 500 * kTestMs);
  if (!GetParam().says_why)
    for (int tries = 0; tries < 100 && status.ok(); ++tries) {
      clock.advance(10 * kTestMs);
      status = reader.read(grant, 0, 64, 500 * kTestMs);
    }
  EXPECT_FALSE(status.ok());
  if (GetParam().says_why) expect_refused(status, Code::kLeaseLost, reader);
  EXPECT_EQ(server->renew(grant.key, 1000).code(), Code::kNotFound);
}

TEST_P(FabricConformance, MisuseOfTheServerIsNamed) {
  Grant grant{};
  Exposure wrong = memory_->exposure();
  wrong.bytes = {};
  EXPECT_EQ(server_->expose(wrong, &grant).code(), Code::kInvalidArgument);
  wrong = memory_->exposure();
  wrong.lease_ms = 0;
  EXPECT_EQ(server_->expose(wrong, &grant).code(), Code::kInvalidArgument);
  EXPECT_EQ(server_->renew(1, 1000).code(), Code::kNotFound);
  EXPECT_EQ(server_->renew(expose().key, 0).code(), Code::kInvalidArgument);
  server_->stop();
  server_->stop();
  EXPECT_EQ(server_->expose(memory_->exposure(), &grant).code(), Code::kUnavailable);
}

TEST_P(FabricConformance, AReaderWithoutAConnection) {
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  Completion done;
  EXPECT_EQ(reader->post(grant, 0, reader.memory().first(8), 1, kTestPatienceNs).code(),
            Code::kUnavailable);
  EXPECT_EQ(reader->wait(std::span(&done, 1), kTestPatienceNs), 0u);
  ASSERT_TRUE(reader.connect().ok());
  ASSERT_TRUE(reader.connect().ok());
  ASSERT_TRUE(reader.read(grant, 0, 8).ok());
  reader->close();
  reader->close();
  EXPECT_FALSE(reader->connected());
  ASSERT_TRUE(reader.read(grant, 0, 8).ok());
}

TEST_P(FabricConformance, AReaderThatClosesLeavesItsMemoryAlone) {
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  TestReader other(grant, parts_);
  ASSERT_TRUE(other.read(grant, 0, 64).ok());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(reader.connect().ok());
    for (std::size_t i = 0; i < 8; ++i)
      ASSERT_TRUE(reader
                      ->post(grant, i, reader.memory().subspan(i << 20, 1u << 20), i,
                             kTestPatienceNs)
                      .ok());
    Completion done;
    static_cast<void>(reader->poll(std::span(&done, 1)));
    reader->close();
    EXPECT_EQ(reader->in_flight(), 0u);
    std::fill(reader.memory().begin(), reader.memory().end(), std::byte{0x5a});
    ASSERT_TRUE(other.read(grant, 5, 1u << 20).ok());
    EXPECT_EQ(reader.memory()[0], std::byte{0x5a});
    EXPECT_EQ(std::memcmp(&reader.memory()[0], &reader.memory()[1], reader.memory().size() - 1), 0);
  }
}

TEST_P(FabricConformance, TwoReadersAtOnce) {
  const Grant grant = expose();
  std::atomic<int> wrong{0};  // a plain counter
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (std::uint64_t id = 0; id < 2; ++id)
      threads.push_back(std::make_unique<Thread>("reader", [&, id] {
        TestReader reader(grant, parts_);
        for (std::uint64_t i = 0; i < 40; ++i) {
          const std::uint64_t offset = (i * 7919 + id) * 64 % (3u << 20);
          const std::size_t bytes = 1 + (i * 6007) % 200'000;
          if (!reader.read(grant, offset, bytes).ok() ||
              !holds_place(reader.memory().first(bytes), offset))
            ++wrong;
        }
      }));
  }
  EXPECT_EQ(wrong.load(), 0);
}

// Words of which both halves are equal, while somebody writes them: none is torn where words are
// copied whole, and a second read sees nothing older than the first.
TEST_P(FabricConformance, MemoryThatIsOverwrittenWhileItIsRead) {
#if defined(__SANITIZE_THREAD__)
  if (!GetParam().copies_words) return;  // reads without atomics are races to it
#endif
  constexpr std::size_t kWords = 32'768;
  auto* words = reinterpret_cast<std::uint64_t*>(memory_->bytes().data());
  const auto write = [words](std::uint64_t value) {
    for (std::size_t i = 0; i < kWords; ++i) store_word(words + i, value << 32 | value);
  };
  write(1);
  const Grant grant = expose(true);
  std::atomic<bool> done{false};  // ends the writer
  Thread writer("writer", [&] {
    for (std::uint64_t value = 2; !done.load(std::memory_order_relaxed); ++value) write(value);
  });
  TestReader reader(grant, parts_);
  std::uint64_t newest = 0;
  std::uint64_t torn = 0;
  std::uint64_t backwards = 0;
  Status status;
  for (int round = 0; round < 50 && status.ok(); ++round) {
    status = reader.read(grant, 0, kWords * 8);
    std::uint64_t oldest = UINT64_MAX;
    const std::uint64_t before = newest;
    for (std::size_t i = 0; i < kWords; ++i) {
      const auto word = load<std::uint64_t>(reader.memory().data() + i * 8);
      if (word >> 32 != (word & 0xffff'ffff)) {
        ++torn;
        continue;
      }
      newest = std::max(newest, word >> 32);
      oldest = std::min(oldest, word >> 32);
    }
    // One pass of the writer is at most one value behind its newest.
    if (oldest + 1 < before) ++backwards;
  }
  done.store(true, std::memory_order_relaxed);
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(backwards, 0u);
  if (GetParam().copies_words) {
    EXPECT_EQ(torn, 0u);
  }
}

TEST_P(FabricConformance, ReadsEndWhenTheServerStops) {
  if (!GetParam().has_peer) return;  // mapped memory outlives its server
  const Grant grant = expose();
  TestReader reader(grant, parts_);
  ASSERT_TRUE(reader.connect().ok());
  for (std::size_t i = 0; i < 200; ++i)
    ASSERT_TRUE(
        reader->post(grant, 0, reader.memory().first(1u << 20), i, 1000 * kTestMs).ok());
  Completion done;
  ASSERT_EQ(reader->wait(std::span(&done, 1), kTestPatienceNs), 1u);
  server_->stop();
  std::size_t ended = 1;
  bool failed = false;
  while (ended < 200 && reader->wait(std::span(&done, 1), kTestPatienceNs) == 1) {
    ++ended;
    failed = failed || !done.status.ok();
    const Code code = done.status.code();
    EXPECT_TRUE(code == Code::kOk || code == Code::kUnavailable || code == Code::kLeaseLost ||
                code == Code::kTimeout)
        << done.status.text();
  }
  EXPECT_EQ(ended, 200u);
  EXPECT_TRUE(failed);
  EXPECT_FALSE(reader.read(grant, 0, 64, 500 * kTestMs).ok());
}

TEST_P(FabricConformance, AServerThatStallsOrDies) {
  if (!GetParam().has_peer) return;  // mapped memory outlives its server
#if defined(__SANITIZE_THREAD__)
  return;  // it does not follow a fork of a process with threads
#endif
  server_->stop();
  for (const int signal : {SIGSTOP, SIGKILL}) {
    ServerProcess server(GetParam().provider, parts_, folder_, memory_->exposure());
    ASSERT_FALSE(server.grant.address.empty());
    TestReader reader(server.grant, parts_);
    ASSERT_TRUE(reader.read(server.grant, 0, 1u << 20).ok());
    for (std::size_t i = 0; i < 100; ++i)
      ASSERT_TRUE(
          reader->post(server.grant, 0, reader.memory().first(4u << 20), i, 700 * kTestMs).ok());
    Completion done;
    ASSERT_EQ(reader->wait(std::span(&done, 1), kTestPatienceNs), 1u);
    server.send(signal);
    bool failed = false;
    std::size_t ended = 1;
    while (ended < 100 && reader->wait(std::span(&done, 1), kTestPatienceNs) == 1) {
      ++ended;
      failed = failed || !done.status.ok();
    }
    EXPECT_EQ(ended, 100u);
    EXPECT_TRUE(failed);
    EXPECT_FALSE(reader->connected());
    if (signal != SIGSTOP) continue;
    server.send(SIGCONT);
    EXPECT_TRUE(reader.read(server.grant, 3, 1u << 20).ok());
    EXPECT_TRUE(holds_place(reader.memory().first(1u << 20), 3));
  }
}

INSTANTIATE_TEST_SUITE_P(Adapters, FabricConformance, testing::ValuesIn(kAdapters),
                         [](const testing::TestParamInfo<Adapter>& info) {
                           std::string name = info.param.provider;
                           std::erase_if(name, [](char c) { return !isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace ndts
