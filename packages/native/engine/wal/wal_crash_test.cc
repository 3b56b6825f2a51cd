// The log against kills and power cuts: at random moments, and at each named point of its code and
// of its recovery. What was durable is there, what was accepted survives a kill, nothing is
// invented or reordered.
// A failing random test names its NDTS_TEST_SEED; set it to run that one again.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <set>

#include "base/crash_point.h"
#include "base/long_test_kit.h"
#include "wal/wal_reader.h"
#include "wal/wal_test_kit.h"

namespace ndts {
namespace {

// Everything after a crash against what the model says must or may be there.
class CrashModel {
 public:
  explicit CrashModel(std::uint64_t seed) : files_(seed), bench_(&files_, "/sim"), random_(seed) {
    bench_.options.file_bytes = 72u << 10;
  }

  void run(int rounds) {
    ASSERT_TRUE(bench_.open().ok());
    for (int round = 0; round < rounds; ++round) {
      SCOPED_TRACE(round);
      ASSERT_NO_FATAL_FAILURE(work());
      ASSERT_NO_FATAL_FAILURE(end_and_reopen());
    }
  }

 private:
  void work() {
    const std::uint64_t steps = random_() % 60;
    for (std::uint64_t step = 0; step < steps; ++step) {
      const std::uint64_t choice = random_() % 100;
      if (choice < 70) {
        if (!bench_.append(number_++, 8 + random_() % 3000).ok()) continue;
        ASSERT_GT(bench_.written.back().position, highest_);
        highest_ = bench_.written.back().position;
      } else if (choice < 85) {
        (void)bench_.wal->commit_step();
      } else if (choice < 92 && !bench_.written.empty()) {
        (void)bench_.wal->wait_durable(bench_.written.back().position);
      } else if (choice < 95) {
        files_.fail_sync(1 + random_() % 4, Code::kIoError, 1 + random_() % 3);
      } else if (choice < 98) {
        files_.fail_write(1 + random_() % 6, random_() % 2 == 0 ? Code::kDiskFull : Code::kIoError,
                          1 + random_() % 3);
      } else {
        checkpoint();
      }
      ASSERT_LE(bench_.wal->durable_position(), bench_.wal->accepted_position());
      ASSERT_GE(bench_.wal->durable_position(), last_durable_);
      last_durable_ = bench_.wal->durable_position();
    }
  }

  void checkpoint() {
    std::uint64_t position = 0;
    for (const Seen& entry : bench_.written)
      if (entry.position <= last_durable_ && random_() % 8 != 0) position = entry.position;
    position = std::max(position, bench_.options.replay_from);
    if (position > bench_.wal->durable_position()) return;
    bench_.options.replay_from = position;  // the manifest is "synced" by being assigned
    (void)bench_.wal->checkpoint(position);
  }

  void end_and_reopen() {
    const std::uint64_t durable = bench_.wal->durable_position();
    bool all_kept = true;
    switch (random_() % 4) {
      case 0:
        files_.clear_faults();
        // A log that was read-only a moment ago may need a retry to be whole again.
        (void)bench_.wal->commit_step();
        ASSERT_TRUE(bench_.wal->close().ok());
        break;
      case 1:
        bench_.wal->abandon();
        files_.kill();
        if (random_() % 2 == 0) files_.evict();
        break;
      default:
        bench_.wal->abandon();
        files_.crash();
        all_kept = false;
        break;
    }
    files_.clear_faults();
    // Opening may itself be cut short, any number of times, in any way.
    while (random_() % 3 == 0) {
      files_.fail_sync(1 + random_() % 5, Code::kIoError);
      const Status status = bench_.open();
      if (status.ok()) bench_.wal->abandon();
      if (!status.ok()) {
        ASSERT_EQ(status.code(), Code::kIoError) << status.text();
      }
      if (random_() % 2 == 0) {
        files_.crash();
        all_kept = false;
      } else {
        files_.kill();
      }
      files_.clear_faults();
    }
    const Status status = bench_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    compare(durable, all_kept);
  }

  void compare(std::uint64_t durable, bool all_kept) {
    std::erase_if(bench_.written, [&](const Seen& entry) {
      return entry.position <= bench_.options.replay_from;
    });
    std::size_t must = 0;
    for (const Seen& entry : bench_.written)
      if (all_kept || entry.position <= durable) ++must;
    ASSERT_NO_FATAL_FAILURE(bench_.expect_prefix(must));
    bench_.written.resize(bench_.seen.size());
    last_durable_ = bench_.wal->durable_position();
    ASSERT_GE(last_durable_, durable);
  }

  SimFileSystem files_;
  LogBench bench_;
  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t last_durable_ = 0;
};

TEST(WalSimulation, NothingDurableIsLostWhateverTheDiskDoes) {
  for (const std::uint64_t seed : wal_seeds(long_tests() ? 120 : 30)) {
    SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
    CrashModel model(seed);
    ASSERT_NO_FATAL_FAILURE(model.run(12));
  }
}

// What the log promises about one moment.
struct Promise {
  std::vector<Seen> written;  // accepted, above replay_from
  std::uint64_t replay_from = 0;
  std::uint64_t durable = 0;
  bool killed = false;  // no power was cut since: everything accepted is there
};

const std::set<std::string> kPoints{
    "wal.after_remove",       "wal.after_rename",      "wal.after_sync",
    "wal.after_write",        "wal.before_rename",     "wal.before_write",
    "wal.begun",              "wal.checkpointed",      "wal.header_written",
    "wal.named",              "wal.next_allocated",    "wal.next_created",
    "wal.next_synced",        "wal.next_zeroed",       "wal.published",
    "wal.staged",             "wal.staging_allocated", "wal.staging_ready",
    "wal.staging_void",       "wal.superseded_removed", "wal.survivors_written"};

// A random life of a log. At every named point clones of its disk are killed and lose their power,
// and what a recovery finds on them is compared with the promise. At every named point of one of
// these recoveries the same is done to clones of the clone.
class EveryPoint {
 public:
  explicit EveryPoint(std::uint64_t seed)
      : files_(seed), bench_(&files_, "/sim"), random_(seed) {}

  void run(int steps) {
    current = this;
    install_crash_points([](const char* name) { current->at(name); });
    promise_.killed = true;
    ASSERT_TRUE(bench_.open_tiny().ok());
    for (int at = 0; at < steps && !testing::Test::HasFatalFailure(); ++at) step();
    install_crash_points(nullptr);
  }

  static inline std::set<std::string> names;

 private:
  // Whose points are to be looked at.
  enum class Watch : std::uint8_t { kNothing = 1, kLife = 2, kRecovery = 3 };

  void step() {
    const std::uint64_t choice = random_() % 100;
    if (choice < 60) {
      if (bench_.append(number_, random_() % 900).ok()) ++number_;
    } else if (choice < 82) {
      (void)bench_.wal->commit_step();
    } else if (choice < 86) {
      files_.fail_sync(1 + random_() % 3, Code::kIoError);
    } else if (choice < 93) {
      checkpoint();
    } else {
      end(random_() % 3);
    }
  }

  void checkpoint() {
    bench_.options.replay_from = bench_.wal->durable_position();
    std::erase_if(bench_.written, [&](const Seen& entry) {
      return entry.position <= bench_.options.replay_from;
    });
    (void)bench_.wal->checkpoint(bench_.options.replay_from);
  }

  void end(std::uint64_t how) {
    files_.clear_faults();
    promise_.durable = bench_.wal->durable_position();
    if (how == 0) {
      (void)bench_.wal->commit_step();
      ASSERT_TRUE(bench_.wal->close().ok());
      promise_.durable = bench_.wal->durable_position();
    } else {
      bench_.wal->abandon();
    }
    bench_.wal.reset();
    promise_.killed = how < 2;
    if (how == 2) {
      files_.crash();
    } else {
      files_.kill();
    }
    ASSERT_TRUE(bench_.open_tiny().ok());
    promise_.killed = true;
    bench_.written = bench_.seen;
    number_ = bench_.written.empty() ? number_ : number_of(bench_.written.back()) + 1;
  }

  static std::uint64_t number_of(const Seen& entry) { return std::stoull(entry.payload); }

  void at(const char* name) {
    names.insert(name);
    const Watch watching = std::exchange(watch_, Watch::kNothing);
    if (watching == Watch::kRecovery && random_() % 2 == 0)
      check(*recovering_->clone(random_()), promised_, random_() % 4, false);
    if (watching == Watch::kLife) {
      Promise now{bench_.written, bench_.options.replay_from, promise_.durable, promise_.killed};
      if (bench_.wal != nullptr) now.durable = bench_.wal->durable_position();
      const std::uint64_t deep = random_() % 4;
      for (std::uint64_t ending = 0; ending < 4; ++ending)
        check(*files_.clone(random_()), now, ending, ending == deep);
    }
    watch_ = watching;
  }

  // Ends the clone, opens what is left, and sees that the recovery itself made it durable. `deep`:
  // the recovery is ended at its points as well.
  void check(SimFileSystem& files, Promise promise, std::uint64_t ending, bool deep) {
    if (testing::Test::HasFatalFailure()) return;
    if (ending == 0) {
      files.kill();
    } else {
      static constexpr SimCrash kLeaves[] = {SimCrash::kNothing, SimCrash::kEverything,
                                             SimCrash::kSubset};
      files.crash(kLeaves[ending - 1]);
      promise.killed = false;
    }
    LogBench bench(&files, "/sim");
    bench.options.replay_from = promise.replay_from;
    if (deep) {
      recovering_ = &files;
      promised_ = promise;
      watch_ = Watch::kRecovery;
    }
    const Status status = bench.open_tiny();
    watch_ = Watch::kNothing;
    ASSERT_TRUE(status.ok()) << status.text();
    ASSERT_NO_FATAL_FAILURE(compare(bench, promise));
    const std::vector<Seen> served = bench.seen;
    bench.wal->abandon();
    files.crash(SimCrash::kNothing);
    ASSERT_TRUE(bench.open_tiny().ok());
    ASSERT_EQ(bench.seen, served);
  }

  // The entry whose append() was under way may be there too.
  void compare(const LogBench& bench, const Promise& promise) {
    std::size_t must = 0;
    for (const Seen& entry : promise.written)
      if (promise.killed || entry.position <= promise.durable) ++must;
    ASSERT_GE(bench.seen.size(), must);
    ASSERT_LE(bench.seen.size(), promise.written.size() + 1);
    for (std::size_t at = 0; at < std::min(bench.seen.size(), promise.written.size()); ++at)
      ASSERT_EQ(bench.seen[at], promise.written[at]);
    if (bench.seen.size() > promise.written.size()) {
      ASSERT_EQ(number_of(bench.seen.back()), number_);
    }
  }

  static inline EveryPoint* current = nullptr;
  SimFileSystem files_;
  LogBench bench_;
  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  Promise promise_;  // of what was before, while the log opens
  Watch watch_ = Watch::kLife;
  // Of the recovery under test.
  SimFileSystem* recovering_ = nullptr;
  Promise promised_;
};

TEST(WalCrashPoint, EveryPointOfTheLogAndOfItsRecoveryKeepsThePromise) {
  for (const std::uint64_t seed : wal_seeds(long_tests() ? 3 : 1)) {
    SCOPED_TRACE("NDTS_TEST_SEED=" + std::to_string(seed));
    EveryPoint life(seed);
    ASSERT_NO_FATAL_FAILURE(life.run(100));
  }
  EXPECT_EQ(EveryPoint::names, kPoints);
}

// The same with a real process and kill -9: the child ends at a point, the parent looks.
struct EndAt {
  static inline std::string name;
  static inline int times = 0;
  static void hook(const char* passed) {
    if (name == passed && --times == 0) kill(getpid(), SIGKILL);
  }
};

// Appends, commits and checkpoints; tells through the pipe what was accepted and given up.
struct Told {
  std::uint64_t accepted;
  std::uint64_t replay_from;
};

[[noreturn]] void live_and_die(LogBench& bench, int pipe) {
  install_crash_points(&EndAt::hook);
  for (std::uint64_t round = 0; round < 2; ++round) {
    if (!bench.open().ok()) _exit(2);
    for (std::uint64_t number = round * 100; number < round * 100 + 90; ++number) {
      if (!bench.append(number, 1'500).ok()) _exit(3);
      if (number % 40 == 39) bench.options.replay_from = bench.wal->durable_position();
      const Told told{bench.written.back().position, bench.options.replay_from};
      if (write(pipe, &told, sizeof(told)) != sizeof(told)) _exit(4);
      if (number % 40 == 39 && !bench.wal->checkpoint(bench.options.replay_from).ok()) _exit(5);
      if (number % 20 == 0) (void)bench.wal->commit_step();
    }
    bench.wal->abandon();
    bench.wal.reset();
  }
  _exit(0);
}

TEST(WalCrashPoint, AKilledProcessKeepsWhatItAcceptedAtEveryPoint) {
  const auto files = make_posix_file_system();
  int reached = 0;
  for (const std::string& name : kPoints) {
    SCOPED_TRACE(name);
    char path[] = "/tmp/ndts-wal-point-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    LogBench bench(files.get(), path);
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    EndAt::name = name;
    EndAt::times = 1 + static_cast<int>(name.size()) % 2;
    const pid_t child = fork();
    if (child == 0) live_and_die(bench, channel[1]);
    close(channel[1]);
    Told told{};
    std::uint64_t count = 0;
    std::vector<std::uint64_t> accepted;
    for (Told each{}; read(channel[0], &each, sizeof(each)) == sizeof(each); ++count) {
      told = each;
      accepted.push_back(each.accepted);
    }
    close(channel[0]);
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    reached += WIFSIGNALED(result) ? 1 : 0;
    ASSERT_TRUE(WIFSIGNALED(result) || WEXITSTATUS(result) == 0) << WEXITSTATUS(result);
    bench.options.replay_from = told.replay_from;
    ASSERT_TRUE(bench.open().ok());
    std::erase_if(accepted, [&](std::uint64_t end) { return end <= told.replay_from; });
    ASSERT_GE(bench.seen.size(), accepted.size());
    ASSERT_LE(bench.seen.size(), accepted.size() + 1);
    for (std::size_t at = 0; at < accepted.size(); ++at)
      ASSERT_EQ(bench.seen[at].position, accepted[at]);
    bench.wal.reset();
    std::filesystem::remove_all(path);
  }
  EXPECT_GE(reached, 15);
}

}  // namespace
}  // namespace ndts
