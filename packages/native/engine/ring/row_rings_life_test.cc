// Lives of rings of ticks, trades and books: readers in threads, readers that wait, writers that
// are killed, epochs that follow one another. The same for every kind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "base/clock.h"
#include "base/spin.h"
#include "base/thread.h"
#include "ring/row_rings_test_kit.h"

namespace ndts {
namespace {

template <typename Record>
class RowRingsLife : public RowRingsFixture<Record> {
 protected:
  using Reader = RowRingsReader<Record>;

  // Rows until none are left, each of which must be right and the one after the last of its shard
  // unless the reader was lapped. Returns how many.
  std::uint64_t drain(Reader* reader, std::vector<std::uint64_t>* last) {
    const BatchOf<Record> batch(100);
    std::uint64_t rows = 0;
    while (const std::size_t count = reader->poll(batch.columns(), batch.capacity())) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t shard = batch.columns().shard[i];
        const auto sequence = static_cast<std::uint64_t>(batch.columns().sequence[i]);
        EXPECT_TRUE(this->row_is_right(batch.columns(), i)) << sequence;
        EXPECT_TRUE((*last)[shard] == kNone || sequence > (*last)[shard]) << sequence;
        (*last)[shard] = sequence;
      }
      rows += count;
    }
    return rows;
  }

  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
};
TYPED_TEST_SUITE(RowRingsLife, RowRecords);

constexpr std::int64_t kMs = 1'000'000;

TYPED_TEST(RowRingsLife, WaitPollGivesUpInTimeAndFindsWhatComes) {
  const std::array<RingPatience, 4> patiences{
      {{3 * kMs, 0, 0}, {0, 3 * kMs, 0}, {0, 0, 3 * kMs}, {kMs, kMs, kMs}}};
  ASSERT_TRUE(this->create(2, 64).ok());
  const auto reader = this->open();
  const BatchOf<TypeParam> batch(8);
  SystemClock clock;
  EXPECT_EQ(reader->wait_poll(batch.columns(), 8, RingPatience{0, 0, 0}, &clock), 0u);
  for (const RingPatience& patience : patiences) {
    const std::int64_t before_ns = clock.monotonic_ns();
    EXPECT_EQ(reader->wait_poll(batch.columns(), 8, patience, &clock), 0u);
    EXPECT_GE(clock.monotonic_ns() - before_ns, 3 * kMs);
    Thread publisher("publisher", [this] { EXPECT_TRUE(this->publish({1}).ok()); });
    std::size_t count = 0;
    while (count == 0) count = reader->wait_poll(batch.columns(), 8, patience, &clock);
    EXPECT_EQ(count, 1u);
    publisher.join();
  }
}

TYPED_TEST(RowRingsLife, SleepingReadersGetEveryRow) {
  constexpr int kRounds = 100;
  constexpr std::int64_t kHourNs = 3'600'000'000'000;
  ASSERT_TRUE(this->create(2, 1024).ok());
  std::array<std::shared_ptr<RowRingsReader<TypeParam>>, 2> readers;
  for (auto& reader : readers) reader = this->open();
  std::array<std::atomic<int>, 2> seen{};  // rows, counted by the readers, awaited by the writer
  std::vector<std::unique_ptr<Thread>> threads;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    threads.push_back(std::make_unique<Thread>("reader", [&readers, &seen, i] {
      const BatchOf<TypeParam> batch(8);
      SystemClock clock;
      for (int rows = 0; rows < kRounds;) {
        const RingPatience patience{0, 0, kHourNs};
        rows += static_cast<int>(readers[i]->wait_poll(batch.columns(), 8, patience, &clock));
        seen[i].store(rows, std::memory_order_release);
      }
    }));
  }
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(this->publish({static_cast<std::uint32_t>(round % 2)}).ok());
    // Every other time the readers get to sleep first.
    while (round % 2 == 0 && seen[0].load(std::memory_order_acquire) <= round) spin_yield();
  }
}

TYPED_TEST(RowRingsLife, ReaderWithoutABellNaps) {
  ASSERT_TRUE(this->create(1, 64).ok());
  const std::string bell = this->dir() + "/" + std::string(TypeParam::kRing) + ".bell";
  EXPECT_EQ(std::filesystem::file_size(bell), 4096u);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(bell).permissions()), 0600u);
  std::filesystem::remove(bell);
  const auto reader = this->open();
  const BatchOf<TypeParam> batch(8);
  SystemClock clock;
  EXPECT_EQ(reader->wait_poll(batch.columns(), 8, RingPatience{0, 0, 3 * kMs}, &clock), 0u);
  Thread publisher("publisher", [this] { EXPECT_TRUE(this->publish({0}).ok()); });
  std::size_t count = 0;
  while (count == 0)
    count = reader->wait_poll(batch.columns(), 8, RingPatience{0, 0, kMs}, &clock);
  publisher.join();
}

TYPED_TEST(RowRingsLife, ReaderThreadSeesWholeRowsOnly) {
  constexpr std::uint64_t kRows = 200'000;
  ASSERT_TRUE(this->create(4, 256).ok());
  std::shared_ptr<RowRingsReader<TypeParam>> reader = this->open();
  std::atomic<bool> done{false};  // set when all is published, read by the reader
  std::uint64_t whole = 0;
  std::uint64_t wrong = 0;
  std::uint64_t disordered = 0;
  Thread thread("reader", [&] {
    const BatchOf<TypeParam> batch(300);
    std::array<double, 4> last{-1, -1, -1, -1};
    while (true) {
      const bool last_round = done.load(std::memory_order_acquire);
      const std::size_t count = reader->poll(batch.columns(), 300);
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t shard = batch.columns().shard[i];
        ++(this->row_is_right(batch.columns(), i) ? whole : wrong);
        if (batch.columns().sequence[i] <= last[shard]) ++disordered;
        last[shard] = batch.columns().sequence[i];
      }
      if (last_round && count == 0) break;
    }
  });
  std::mt19937 random(3);
  std::uint64_t published = 0;
  std::vector<std::uint32_t> shards;
  while (published < kRows) {
    shards.resize(random() % 100);
    for (std::uint32_t& shard : shards) shard = static_cast<std::uint32_t>(random() % 4);
    ASSERT_TRUE(this->publish(shards).ok());
    published += shards.size();
  }
  done.store(true, std::memory_order_release);
  thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(disordered, 0u);
  EXPECT_EQ(whole + reader->lapped(), published);
}

TYPED_TEST(RowRingsLife, KilledWriterStandsStillAndTheNextEpochGoesOn) {
  ASSERT_TRUE(this->create(1, 1 << 16).ok());
  const std::string path = this->paths().front();
  this->writer_.reset();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    // Without a word to the test framework: it ends by SIGKILL.
    const char ready = 1;
    if (!this->create(1, 1 << 16).ok() || write(pipe_ends[1], &ready, 1) != 1) _exit(1);
    for (std::uint64_t beat = 1;; ++beat) {
      if (!this->publish(std::vector<std::uint32_t>(7, 0)).ok()) _exit(2);
      this->writer_->heartbeat(beat);
    }
  }
  char ready = 0;
  ASSERT_EQ(read(pipe_ends[0], &ready, 1), 1);
  std::unique_ptr<RowRingsReader<TypeParam>> reader;
  ASSERT_TRUE(
      RowRingsReader<TypeParam>::open(*this->files_, {path}, RingStart{}, {}, &reader).ok());
  const std::uint64_t alive = reader->ring(0)->marks().heartbeat_ns;
  while (reader->ring(0)->marks().heartbeat_ns <= alive) spin_yield();
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFSIGNALED(result));
  close(pipe_ends[0]);
  close(pipe_ends[1]);

  // Between value and check of a line the kill may have come: that line says no more.
  std::vector<std::uint64_t> last(1, this->kNone);
  const std::uint64_t whole = this->drain(reader.get(), &last);
  EXPECT_EQ(whole + reader->lapped(), reader->ring(0)->next());
  const RingMarks dead = reader->ring(0)->marks();
  EXPECT_EQ(reader->ring(0)->marks().heartbeat_ns, dead.heartbeat_ns);
  EXPECT_TRUE(std::filesystem::exists(path));

  const std::uint64_t next = reader->ring(0)->next();
  ASSERT_TRUE(this->create(1, 64, 2, next + 3).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(this->publish({0, 0}).ok());
  const auto fresh = this->open({}, {{0, {RingStart::Kind::kAt, 1, next}}});
  EXPECT_EQ(this->drain(fresh.get(), &last), 2u);
  EXPECT_EQ(fresh->lapped(), 3u);  // accepted, and never on a ring
  EXPECT_EQ(last[0], next + 4);
}

// Either side stops at a random place; together the readers saw every sequence once or know that
// they missed it.
TYPED_TEST(RowRingsLife, EpochsFollowEachOtherWithoutGapOrDuplicate) {
  constexpr std::uint32_t kShards = 3;
  constexpr int kEpochs = 40;
  std::mt19937_64 random(ring_test_seed(11));
  std::vector<std::uint64_t> last(kShards, this->kNone);
  std::vector<std::uint64_t> firsts(kShards, 0);
  std::map<std::uint32_t, RingStart> positions;
  std::uint64_t whole = 0;
  std::uint64_t lapped = 0;
  std::uint64_t published = 0;
  for (std::uint64_t epoch = 1; epoch <= kEpochs; ++epoch) {
    this->writer_.reset();
    this->epoch_ = epoch;
    ASSERT_TRUE(RowRingsWriter<TypeParam>::create(this->files_.get(), this->dir(), 64,
                                                  std::vector<std::uint64_t>(kShards, epoch),
                                                  firsts, &this->writer_)
                    .ok());
    this->next_ = firsts;
    auto reader = this->open({}, positions);
    for (std::uint64_t round = random() % 20; round > 0; --round) {
      std::vector<std::uint32_t> shards(random() % 90);
      for (std::uint32_t& shard : shards) shard = static_cast<std::uint32_t>(random() % kShards);
      ASSERT_TRUE(this->publish(shards).ok());
      published += shards.size();
      if (random() % 3 != 0) whole += this->drain(reader.get(), &last);
      if (random() % 5 == 0) {  // another reader goes on where this one was
        for (std::uint32_t shard = 0; shard < kShards; ++shard)
          positions[shard] = {RingStart::Kind::kAt, epoch, reader->ring(shard)->next()};
        lapped += reader->lapped();
        reader = this->open({}, positions);
      }
    }
    // The writer ends; who has the memory mapped reads it to its end.
    firsts = this->next_;
    this->writer_.reset();
    whole += this->drain(reader.get(), &last);
    lapped += reader->lapped();
    for (std::uint32_t shard = 0; shard < kShards; ++shard)
      positions[shard] = {RingStart::Kind::kAt, epoch, reader->ring(shard)->next()};
  }
  EXPECT_EQ(whole + lapped, published);
  EXPECT_GT(whole, 0u);
  EXPECT_GT(lapped, 0u);
}

}  // namespace
}  // namespace ndts
