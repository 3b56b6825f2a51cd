// Flush and compaction on a disk that loses, tears and refuses: what was accepted is always read.
#include "base/crash_point.h"
#include "kv/key_value_store_kit.h"

namespace ndts {
namespace {

SimFileSystem* frozen_files = nullptr;
int crash_points_left = 0;

// Ends the simulated process at the n-th named point.
void freeze_at_point(const char*) {
  crash_points_left -= 1;
  if (crash_points_left == 0) frozen_files->freeze();
}

std::string value_of(int round, int at) {
  return "round " + std::to_string(round) + std::string(static_cast<std::size_t>(at % 90), 'x');
}

// Writes, flushes and compacts until something fails; nothing of it matters but what it leaves.
Status work_on(StoreUnderTest& kv, std::mt19937_64& random, int round) {
  for (int at = 0; at < 60; at += 1) {
    const std::string key = "key" + std::to_string(random() % 200);
    NDTS_TRY(random() % 5 == 0 ? kv.remove(key) : kv.put(key, value_of(round, at)));
    std::uint64_t work = 0;
    if (random() % 3 == 0) NDTS_TRY(kv.store->flush_step(1'500, &work));
    if (random() % 2 == 0) NDTS_TRY(kv.store->compact_step(1'500, &work));
    if (random() % 30 == 0) NDTS_TRY(kv.store->flush());
    kv.store->sweep();
  }
  return {};
}

TEST(KeyValueCrashTest, PowerCutsAtRandomMomentsLoseNothingThatIsInTheLog) {
  const std::uint64_t seed = kv_seed(41);
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  SimFileSystem files(seed);
  StoreUnderTest kv(files);
  ASSERT_TRUE(kv.open().ok());
  frozen_files = &files;
  for (int round = 0; round < 60; round += 1) {
    crash_points_left = static_cast<int>(1 + random() % 12);
    install_crash_points(freeze_at_point);
    const Status status = work_on(kv, random, round);
    install_crash_points(nullptr);
    ASSERT_TRUE(status.ok() || status.code() == Code::kIoError) << status.text();
    files.freeze();
    kv.store.reset();
    if (random() % 2 == 0) {
      files.crash();
    } else {
      files.kill();
    }
    const Status opened = kv.open();
    ASSERT_TRUE(opened.ok()) << opened.text() << " in round " << round;
    ASSERT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {})) << round;
  }
  frozen_files = nullptr;
}

class Faults : public testing::TestWithParam<Code> {};

TEST_P(Faults, AtEveryWriteAndSyncAreNamedAndPass) {
  const Code code = GetParam();
  for (const bool sync : {false, true}) {
    for (std::uint64_t nth = 1; nth < 60; nth += 1) {
      SimFileSystem files(nth);
      StoreUnderTest kv(files);
      ASSERT_TRUE(kv.open().ok());
      for (int at = 0; at < 150; at += 1)
        ASSERT_TRUE(kv.put("key" + std::to_string(at % 70), value_of(0, at)).ok());
      if (sync) {
        files.fail_sync(nth, code);
      } else {
        files.fail_write(nth, code);
      }
      const std::uint64_t before = sync ? files.syncs() : files.writes();
      bool failed = false;
      for (int round = 1; round < 5; round += 1) {
        for (int at = 0; at < 20; at += 1)
          kv.store->apply([&] {
            std::vector<std::byte> batch;
            const std::string key = "key" + std::to_string(at * round % 70);
            encode_operation(batch, key, bytes_of_text(value_of(round, at)));
            kv.model[key] = value_of(round, at);
            kv.log.push_back(batch);
            return batch;
          }(), kv.log.size());
        Status status = kv.store->flush();
        if (status.ok()) status = kv.compact();
        failed = failed || !status.ok();
        if (!status.ok()) {
          EXPECT_EQ(status.code(), code) << status.text();
        }
        ASSERT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
      }
      // The fault is over: it goes on, and is all there after a reopen.
      ASSERT_TRUE(kv.store->flush().ok());
      ASSERT_TRUE(kv.compact().ok());
      ASSERT_TRUE(kv.open().ok());
      ASSERT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
      const std::uint64_t after = sync ? files.syncs() : files.writes();
      if (before + nth > after) break;  // walked through all of them
      ASSERT_TRUE(failed) << nth;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(KeyValueCrashTest, Faults,
                         testing::Values(Code::kDiskFull, Code::kIoError));

TEST(KeyValueCrashTest, AFullDiskRefusesWritesByNameAndRecoversWithSpace) {
  SimFileSystem files(7);
  StoreUnderTest kv(files);
  ASSERT_TRUE(kv.open().ok());
  for (int at = 0; at < 100; at += 1)
    ASSERT_TRUE(kv.put("key" + std::to_string(at), std::string(100, 'a')).ok());
  ASSERT_TRUE(kv.store->flush().ok());
  files.set_capacity(files.used_bytes() + 500);
  Status status;
  int accepted = 0;
  for (; status.ok() && accepted < 2'000; accepted += 1)
    status = kv.put("more" + std::to_string(accepted), std::string(100, 'b'));
  EXPECT_EQ(status.code(), Code::kDiskFull) << status.text();
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
  files.set_capacity(UINT64_MAX);
  ASSERT_TRUE(kv.put("after", "space").ok());
  ASSERT_TRUE(kv.store->flush().ok());
  ASSERT_TRUE(kv.open().ok());
  EXPECT_EQ(scan_all(kv.store->snapshot(), {}), scan_model(kv.model, {}));
}

}  // namespace
}  // namespace ndts
