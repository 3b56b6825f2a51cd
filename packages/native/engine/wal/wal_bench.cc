// Benches of the log alone, as C++ callers meet it. One JSON line each: name, parameters, value.
//
//   wal_bench [--n=200000] [--singles=2000] [--bytes=100] [--threads=4] [--dir=/tmp/wal_bench]
//             [--staging=/dev/shm] [accepted single threads batched]
//
// accepted: each append by itself. single: append and wait, beside a write and fdatasync of the
// same bytes over blocks written before; the two alternate. threads: the same from several threads
// at once. batched: many appends, then one wait.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/thread.h"
#include "wal/wal.h"

namespace ndts {
namespace {

constexpr std::uint64_t kFileBytes = 64u << 20;

struct Settings {
  std::uint64_t n = 200'000;
  std::uint64_t singles = 2'000;
  std::uint64_t bytes = 100;
  std::uint64_t threads = 4;
  std::string dir = "/tmp/wal_bench";
  std::string staging = "/dev/shm";
  std::vector<std::string> names;
};

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.text().c_str());
  std::exit(1);
}

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings), payload_(settings.bytes) {
    for (std::size_t at = 0; at < payload_.size(); ++at)
      payload_[at] = static_cast<std::byte>(at * 31 + 7);
  }

  int run() {
    for (const std::string& name : settings_.names) {
      open();
      if (name == "accepted") {
        accepted();
      } else if (name == "single") {
        single();
      } else if (name == "threads") {
        threads();
      } else if (name == "batched") {
        batched();
      } else {
        std::fprintf(stderr, "unknown bench %s\n", name.c_str());
        return 1;
      }
      must(wal_->close());
      wal_.reset();
    }
    std::filesystem::remove_all(settings_.dir);
    std::filesystem::remove(staging_path());
    return 0;
  }

 private:
  [[nodiscard]] std::string staging_path() const {
    return settings_.staging + "/wal_bench.staging";
  }

  void open() {
    std::filesystem::remove_all(settings_.dir);
    WalOptions options;
    options.files = files_.get();
    options.clock = &clock_;
    options.dir = settings_.dir;
    options.staging_path = staging_path();
    options.file_bytes = kFileBytes;
    must(Wal::open(options, [](const WalRecord&) { return Status(); }, &wal_));
    wal_->start();
  }

  std::uint64_t append() {
    const Bytes parts[] = {payload_};
    std::uint64_t position = 0;
    must(wal_->append(1, 0, parts, &position));
    return position;
  }

  void print(const char* name, const char* metric, double value, const char* unit) const {
    std::printf("{\"bench\":\"%s\",\"bytes\":%" PRIu64 ",\"metric\":\"%s\",\"value\":%.3f,"
                "\"unit\":\"%s\"}\n",
                name, settings_.bytes, metric, value, unit);
  }

  void print_times(const char* name, std::vector<std::int64_t> ns) const {
    std::sort(ns.begin(), ns.end());
    const auto at = [&](double fraction) {
      const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(ns.size()));
      return static_cast<double>(ns[std::min(rank, ns.size() - 1)]) / 1000;
    };
    print(name, "p50", at(0.5), "us");
    print(name, "p99", at(0.99), "us");
    print(name, "p99.9", at(0.999), "us");
    print(name, "max", at(1), "us");
  }

  void accepted() {
    std::vector<std::int64_t> ns(settings_.n);
    for (std::int64_t& each : ns) {
      const std::int64_t began = clock_.monotonic_ns();
      append();
      each = clock_.monotonic_ns() - began;
    }
    print_times("accepted", std::move(ns));
  }

  void single() {
    const int raw = raw_file();
    std::vector<std::byte> bytes(settings_.bytes + 40);
    std::vector<std::int64_t> ours(settings_.singles);
    std::vector<std::int64_t> disk(settings_.singles);
    off_t offset = 0;
    for (std::size_t at = 0; at < ours.size(); ++at) {
      const std::int64_t began = clock_.monotonic_ns();
      must(wal_->wait_durable(append()));
      const std::int64_t between = clock_.monotonic_ns();
      if (::pwrite(raw, bytes.data(), bytes.size(), offset) < 0 || ::fdatasync(raw) < 0)
        std::exit(1);
      ours[at] = between - began;
      disk[at] = clock_.monotonic_ns() - between;
      offset += static_cast<off_t>(bytes.size());
    }
    ::close(raw);
    print_times("single", std::move(ours));
    print_times("write+fdatasync", std::move(disk));
  }

  int raw_file() {
    const std::string path = settings_.dir + "/raw";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    const std::vector<std::byte> zeros(1u << 20);
    for (std::uint64_t at = 0; at < kFileBytes; at += zeros.size())
      if (::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) std::exit(1);
    ::fsync(file);
    return file;
  }

  void threads() {
    const std::int64_t began = clock_.monotonic_ns();
    {
      std::vector<std::unique_ptr<Thread>> running;
      for (std::uint64_t thread = 0; thread < settings_.threads; ++thread)
        running.push_back(std::make_unique<Thread>("waiter", [this] {
          for (std::uint64_t count = 0; count < settings_.singles; ++count)
            must(wal_->wait_durable(append()));
        }));
    }
    const auto seconds = static_cast<double>(clock_.monotonic_ns() - began) / 1e9;
    const auto count = static_cast<double>(settings_.threads * settings_.singles);
    print("threads", "entriesPerSecond", count / seconds, "1/s");
  }

  void batched() {
    const std::int64_t began = clock_.monotonic_ns();
    std::uint64_t position = 0;
    for (std::uint64_t count = 0; count < settings_.n; ++count) position = append();
    must(wal_->wait_durable(position));
    const auto seconds = static_cast<double>(clock_.monotonic_ns() - began) / 1e9;
    const auto count = static_cast<double>(settings_.n);
    print("batched", "entriesPerSecond", count / seconds, "1/s");
    print("batched", "payload", count * static_cast<double>(settings_.bytes) / seconds / 1e6,
          "MB/s");
  }

  const Settings settings_;
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  SystemClock clock_;
  std::vector<std::byte> payload_;
  std::unique_ptr<Wal> wal_;
};

Settings parse(int count, char** words) {
  Settings settings;
  const auto number = [](const char* word, const char* name, std::uint64_t* value) {
    const std::size_t length = std::strlen(name);
    if (std::strncmp(word, name, length) != 0) return false;
    *value = std::strtoull(word + length, nullptr, 10);
    return true;
  };
  for (int at = 1; at < count; ++at) {
    const std::string word = words[at];
    if (number(words[at], "--n=", &settings.n) ||
        number(words[at], "--singles=", &settings.singles) ||
        number(words[at], "--bytes=", &settings.bytes) ||
        number(words[at], "--threads=", &settings.threads))
      continue;
    if (word.starts_with("--dir=")) {
      settings.dir = word.substr(6);
    } else if (word.starts_with("--staging=")) {
      settings.staging = word.substr(10);
    } else {
      settings.names.push_back(word);
    }
  }
  if (settings.names.empty()) settings.names = {"accepted", "single", "threads", "batched"};
  return settings;
}

}  // namespace
}  // namespace ndts

int main(int count, char** words) { return ndts::Bench(ndts::parse(count, words)).run(); }
