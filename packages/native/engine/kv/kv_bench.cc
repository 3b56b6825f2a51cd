// Benches of the key-value store alone, no log in front of it, with 16-byte keys and 100-byte
// values that do not compress. One JSON line each: name, parameters, value, hash of the answer.
//
//   kv_bench [--n=1000000] [--threads=1] [--reads=0] [--dir=/tmp/kv_bench] [--batch=1]
//            [--memtable_mb=128] [fillseq fillrandom readrandom readseq readwhilewriting ...]
//
// Each fill starts with an empty folder; the reads read what the last fill left, flushed, compacted
// and opened again. --reads=0 reads as often as there are keys.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "kv/key_value_store.h"

namespace ndts {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kValueBytes = 100;
constexpr std::size_t kValuePool = 1u << 20;

struct Settings {
  std::uint64_t n = 1'000'000;
  std::uint64_t reads = 0;
  std::uint64_t threads = 1;
  std::uint64_t batch = 1;
  std::uint64_t memtable_mb = 128;
  std::string dir = "/tmp/kv_bench";
  std::vector<std::string> names;
};

// splitmix64: the same numbers everywhere.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t value = state_;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

 private:
  std::uint64_t state_;
};

// The number in eight bytes, greatest first, then zeros as digits.
std::string_view make_key(std::uint64_t number, char (&key)[kKeyBytes]) {
  const std::uint64_t swapped = __builtin_bswap64(number);
  std::memcpy(key, &swapped, 8);
  std::memset(key + 8, '0', 8);
  return {key, kKeyBytes};
}

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings) {
    Numbers numbers(1);
    pool_.resize(kValuePool + kValueBytes);
    for (std::byte& byte : pool_) byte = static_cast<std::byte>(numbers.next());
  }

  int run() {
    for (const std::string& name : settings_.names) {
      if (name == "fillseq" || name == "fillrandom") {
        fill(name, name == "fillseq");
      } else if (name == "overwrite") {
        write(name, false, 99);
      } else if (name == "readrandom") {
        read_random(name, false);
      } else if (name == "readwhilewriting") {
        read_random(name, true);
      } else if (name == "readseq") {
        read_all(name);
      } else if (name == "compact") {
        settle(name);
      } else {
        std::fprintf(stderr, "unknown bench %s\n", name.c_str());
        return 1;
      }
    }
    store_.reset();
    std::filesystem::remove_all(settings_.dir);
    return 0;
  }

 private:
  static void must(const Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s\n", status.text().c_str());
    std::exit(1);
  }

  void open() {
    store_.reset();
    KeyValueOptions options;
    options.files = files_.get();
    options.clock = &clock_;
    options.dir = settings_.dir;
    options.memtable_bytes = settings_.memtable_mb << 20;
    options.log_edit = [this](const KeyValueManifest& next, const KeyValueEdit&) {
      manifest_ = next;
      return Status();
    };
    must(KeyValueStore::open(options, manifest_, &store_));
  }

  Bytes value(std::uint64_t number) const {
    return Bytes(pool_).subspan(static_cast<std::size_t>(number % kValuePool), kValueBytes);
  }

  void fill(const std::string& name, bool in_order) {
    store_.reset();
    manifest_ = {};
    std::filesystem::remove_all(settings_.dir);
    open();
    write(name, in_order, 7);
  }

  void write(const std::string& name, bool in_order, std::uint64_t seed) {
    Numbers numbers(seed);
    std::vector<std::byte> batch;
    char key[kKeyBytes];
    const std::int64_t start = clock_.monotonic_ns();
    for (std::uint64_t at = 0; at < settings_.n;) {
      batch.clear();
      for (std::uint64_t count = 0; count < settings_.batch && at < settings_.n; ++count, ++at) {
        const std::uint64_t number = in_order ? at : numbers.next() % settings_.n;
        encode_operation(batch, make_key(number, key), value(numbers.next()));
      }
      must(store_->make_room());
      must(check_batch(batch));
      store_->apply(batch, at);
    }
    report(name, settings_.n, clock_.monotonic_ns() - start, settings_.n);
  }

  // Flushes, compacts what is due, and opens again.
  void settle(const std::string& name) {
    const std::int64_t start = clock_.monotonic_ns();
    must(store_->flush());
    store_->close();
    for (std::uint64_t work = 1; work > 0;) must(store_->compact_step(64u << 20, &work));
    const std::int64_t took = clock_.monotonic_ns() - start;
    open();
    report(name, settings_.n, took, store_->stats().entries);
  }

  void read_random(const std::string& name, bool writing) {
    const std::uint64_t reads = settings_.reads > 0 ? settings_.reads : settings_.n;
    std::atomic<std::uint64_t> hash{0};  // a sum; orders nothing
    std::atomic<bool> done{false};       // set when the readers have ended
    std::atomic<std::uint64_t> written{0};
    const std::int64_t start = clock_.monotonic_ns();
    std::unique_ptr<Thread> writer;
    if (writing) writer = std::make_unique<Thread>("writer", [&] { write_until(done, written); });
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (std::uint64_t thread = 0; thread < settings_.threads; thread += 1)
        threads.push_back(std::make_unique<Thread>("reader", [&, thread] {
          hash.fetch_add(read_some(reads, thread + 100), std::memory_order_relaxed);
        }));
    }
    const std::int64_t took = clock_.monotonic_ns() - start;
    done.store(true, std::memory_order_release);
    writer.reset();
    report(name, reads * settings_.threads, took, writing ? 0 : hash.load());
    if (writing) report(name + "_writes", written.load(), took, 0);
  }

  std::uint64_t read_some(std::uint64_t reads, std::uint64_t seed) {
    Numbers numbers(seed);
    KeyValueReader reader(*store_);
    std::optional<Bytes> found;
    char key[kKeyBytes];
    std::uint64_t hash = 0;
    for (std::uint64_t at = 0; at < reads; at += 1) {
      must(reader.get(make_key(numbers.next() % settings_.n, key), &found));
      // The value is touched, as whoever asked for it would.
      if (found.has_value()) hash += load<std::uint64_t>(found->data()) + found->size();
    }
    return hash;
  }

  void write_until(const std::atomic<bool>& done, std::atomic<std::uint64_t>& written) {
    Numbers numbers(5);
    std::vector<std::byte> batch;
    char key[kKeyBytes];
    while (!done.load(std::memory_order_acquire)) {
      batch.clear();
      encode_operation(batch, make_key(numbers.next() % settings_.n, key), value(numbers.next()));
      must(store_->make_room());
      store_->apply(batch, written.fetch_add(1, std::memory_order_relaxed));
    }
  }

  void read_all(const std::string& name) {
    const std::int64_t start = clock_.monotonic_ns();
    std::uint64_t count = 0;
    std::uint64_t hash = 0;
    for (auto each = store_->snapshot().iterate({}); each.valid(); each.next(), count += 1)
      hash += load<std::uint64_t>(each.entry().value.data());
    report(name, count, clock_.monotonic_ns() - start, hash);
  }

  void report(const std::string& name, std::uint64_t count, std::int64_t ns, std::uint64_t hash) {
    const KeyValueStats stats = store_->stats();
    std::uint64_t bytes = 0;
    for (const std::uint64_t level : stats.bytes) bytes += level;
    std::printf("{\"name\":\"kv_%s\",\"n\":%" PRIu64 ",\"threads\":%" PRIu64 ",\"batch\":%" PRIu64
                ",\"value\":%.0f,\"unit\":\"1/s\",\"disk_bytes\":%" PRIu64 ",\"stalls\":%" PRIu64
                ",\"compacted_bytes\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\"}\n",
                name.c_str(), count, settings_.threads, settings_.batch,
                static_cast<double>(count) * 1e9 / static_cast<double>(ns), bytes, stats.stalls,
                stats.compacted_bytes, hash);
    std::fflush(stdout);
  }

  const Settings settings_;
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  SystemClock clock_;
  std::vector<std::byte> pool_;
  KeyValueManifest manifest_;  // written by the background, read between the benches
  std::unique_ptr<KeyValueStore> store_;
};

bool take(const std::string& argument, const std::string& name, std::string* value) {
  if (!argument.starts_with("--" + name + "=")) return false;
  *value = argument.substr(name.size() + 3);
  return true;
}

int main_of(int count, char** arguments) {
  Settings settings;
  for (int at = 1; at < count; at += 1) {
    const std::string argument = arguments[at];
    std::string value;
    const auto number = [&value] { return std::strtoull(value.c_str(), nullptr, 10); };
    if (take(argument, "n", &value)) {
      settings.n = number();
    } else if (take(argument, "reads", &value)) {
      settings.reads = number();
    } else if (take(argument, "threads", &value)) {
      settings.threads = number();
    } else if (take(argument, "batch", &value)) {
      settings.batch = number();
    } else if (take(argument, "memtable_mb", &value)) {
      settings.memtable_mb = number();
    } else if (take(argument, "dir", &value)) {
      settings.dir = value;
    } else if (argument.starts_with("--")) {
      std::fprintf(stderr, "unknown option %s\n", argument.c_str());
      return 1;
    } else {
      settings.names.push_back(argument);
    }
  }
  if (settings.names.empty())
    settings.names = {"fillseq", "fillrandom",      "compact", "readrandom",
                      "readseq", "readwhilewriting"};
  return Bench(settings).run();
}

}  // namespace
}  // namespace ndts

int main(int count, char** arguments) { return ndts::main_of(count, arguments); }
