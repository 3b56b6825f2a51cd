// Benches of the key-value table as it is used: writes go through the log, reads come from what
// was written, compacted and opened again. One bench a run, see kv/kv_bench.h.
//
//   kv_fillseq, kv_fillrandom   one thread writes, accepted; --keys writes into a new folder
//   kv_fillsync                 --threads write and wait until each write is durable
//   prepare                     makes what the reads read: --keys keys once each, shuffled
//   compact                     all of level 0 goes down, as after a prepare
//   kv_readrandom               --threads read --operations each; every key is there
//   kv_readwhilewriting         the same while one thread writes as fast as it can
//   space_amplification         --keys keys, overwritten three times over
#include <filesystem>

#include "db/database.h"
#include "kv/kv_bench.h"

namespace ndts::kv_bench {
namespace {

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings) {}

  void run() {
    const std::string& bench = settings_.bench;
    if (bench == "kv_fillseq" || bench == "kv_fillrandom") {
      fill(bench == "kv_fillseq");
    } else if (bench == "kv_fillsync") {
      fill_synced();
    } else if (bench == "prepare") {
      prepare();
    } else if (bench == "compact") {
      compact();
    } else if (bench == "kv_readrandom" || bench == "kv_readwhilewriting") {
      read(bench == "kv_readwhilewriting");
    } else if (bench == "space_amplification") {
      overwrite();
    } else {
      must(Status(Code::kInvalidArgument, "no bench " + bench));
    }
  }

 private:
  void open(std::uint32_t level0_tables = CompactionOptions{}.level0_tables) {
    std::filesystem::create_directories(settings_.memory);
    DatabaseOptions options;
    options.compaction.level0_tables = level0_tables;
    options.files = files_.get();
    options.clock = &clock_;
    options.dir = settings_.dir;
    options.staging_dir = settings_.memory;
    must(Database::open(options, &database_));
  }

  void close(bool remove) {
    must(database_->close());
    database_.reset();
    if (remove) std::filesystem::remove_all(settings_.dir);
  }

  std::uint64_t write(std::uint64_t number, std::uint64_t version = 0) {
    char key[kKeyBytes];
    batch_.clear();
    encode_operation(batch_, make_key(number, key), values_.of(number, version));
    std::uint64_t position = 0;
    must(database_->write(batch_, &position));
    return position;
  }

  std::uint64_t hash_all() {
    std::uint64_t hash = 0;
    must(database_->scan({}, [&hash](std::string_view key, Bytes value) {
      hash += hash_entry(key, value);
    }));
    return hash;
  }

  [[nodiscard]] std::string parameters() const {
    return parameter("keys", settings_.keys) + "," + parameter("threads", settings_.threads);
  }

  void report(const std::string& metric, double value, std::uint64_t answer) const {
    print_line(settings_.bench, parameters(), metric, value, "1/s", answer);
  }

  void fill(bool in_order) {
    open();
    Numbers numbers(7);
    std::uint64_t position = 0;
    const std::int64_t start = clock_.monotonic_ns();
    for (std::uint64_t at = 0; at < settings_.keys; at += 1)
      position = write(in_order ? at : numbers.next() % settings_.keys);
    const std::int64_t accepted = clock_.monotonic_ns() - start;
    must(database_->wait_durable(position));
    const std::int64_t durable = clock_.monotonic_ns() - start;
    const std::uint64_t answer = hash_all();
    report("operationsPerSecond", per_second(settings_.keys, accepted), answer);
    report("durablePerSecond", per_second(settings_.keys, durable), answer);
    close(true);
  }

  // The database has one writer: a lock makes the threads one, and is not held while they wait.
  void fill_synced() {
    open();
    Mutex mutex;
    const std::int64_t start = clock_.monotonic_ns();
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (std::uint64_t thread = 0; thread < settings_.threads; thread += 1)
        threads.push_back(std::make_unique<Thread>("writer", [this, &mutex, thread] {
          Numbers numbers(thread + 100);
          for (std::uint64_t at = 0; at < settings_.operations; at += 1) {
            MutexLock lock(mutex);
            const std::uint64_t position = write(numbers.next() % settings_.keys);
            lock.unlock();
            must(database_->wait_durable(position));
          }
        }));
    }
    const std::int64_t took = clock_.monotonic_ns() - start;
    report("operationsPerSecond", per_second(settings_.operations * settings_.threads, took),
           hash_all());
    close(true);
  }

  // Seals everything and lets compaction do all that is due.
  void settle() {
    must(database_->seal());
    must(database_->settle());
  }

  void prepare() {
    open();
    Shuffled numbers(settings_.keys);
    for (std::uint64_t at = 0; at < settings_.keys; at += 1) write(numbers.next());
    close(false);
    compact();
  }

  void compact() {
    open(1);
    settle();
    close(false);
  }

  void read(bool writing) {
    open();
    std::atomic<std::uint64_t> hash{0};  // a sum; orders nothing
    // Set when the readers have ended; pairs with the writer's load.
    std::atomic<bool> done{false};
    std::uint64_t written = 0;  // by the writer, read when it has ended
    const std::int64_t start = clock_.monotonic_ns();
    std::int64_t took = 0;
    std::unique_ptr<Thread> writer;
    if (writing)
      writer = std::make_unique<Thread>("writer", [&] {
        Numbers numbers(5);
        for (; !done.load(std::memory_order_acquire); written += 1)
          write(numbers.next() % settings_.keys);
      });
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (std::uint64_t thread = 0; thread < settings_.threads; thread += 1)
        threads.push_back(std::make_unique<Thread>("reader", [&, thread] {
          hash.fetch_add(read_some(thread + 100), std::memory_order_relaxed);
        }));
    }
    took = clock_.monotonic_ns() - start;
    done.store(true, std::memory_order_release);
    writer.reset();
    report("operationsPerSecond", per_second(settings_.operations * settings_.threads, took),
           hash.load());
    if (writing) report("writesPerSecond", per_second(written, took), hash.load());
    close(false);
  }

  std::uint64_t read_some(std::uint64_t seed) const {
    Numbers numbers(seed);
    KeyValueReader reader(database_->key_value());
    std::optional<Bytes> found;
    char key[kKeyBytes];
    std::uint64_t hash = 0;
    for (std::uint64_t at = 0; at < settings_.operations; at += 1) {
      const std::string_view wanted = make_key(numbers.next() % settings_.keys, key);
      must(reader.get(wanted, &found));
      if (!found.has_value()) must(Status(Code::kNotFound, "a key that was written"));
      hash += hash_entry(wanted, *found);
    }
    return hash;
  }

  void overwrite() {
    open();
    Shuffled numbers(settings_.keys);
    for (std::uint64_t version = 0; version <= 3; version += 1)
      for (std::uint64_t at = 0; at < settings_.keys; at += 1) write(numbers.next(), version);
    settle();
    const std::uint64_t answer = hash_all();
    const KeyValueStats stats = database_->key_value().stats();
    const std::uint64_t bytes = std::accumulate(stats.bytes.begin(), stats.bytes.end(),
                                                std::uint64_t{0});
    print_line(settings_.bench, parameter("keys", settings_.keys), "tableBytesPerLiveByte",
               static_cast<double>(bytes) / static_cast<double>(settings_.keys * kEntryBytes), "x",
               answer);
    print_line(settings_.bench, parameter("keys", settings_.keys), "compactedBytesPerLiveByte",
               static_cast<double>(stats.compacted_bytes) /
                   static_cast<double>(settings_.keys * kEntryBytes),
               "x", answer);
    close(true);
  }

  const Settings settings_;
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  SystemClock clock_;
  const Values values_;
  std::unique_ptr<Database> database_;
  std::vector<std::byte> batch_;
};

}  // namespace
}  // namespace ndts::kv_bench

int main(int count, char** arguments) {
  ndts::kv_bench::Bench(ndts::kv_bench::read_settings(count, arguments)).run();
  return 0;
}
