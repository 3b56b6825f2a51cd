// What the key-value benches share: the keys and values that RocksDB's db_bench writes, too, and
// a line of output as `npm run bench` reads it.
//
// Everything written is a function of the number of a key, so that equal work gives an equal
// answer, whatever order it was done in.
#pragma once

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace ndts::kv_bench {

inline constexpr std::size_t kKeyBytes = 16;
inline constexpr std::size_t kValueBytes = 100;
inline constexpr std::size_t kEntryBytes = kKeyBytes + kValueBytes;

struct Settings {
  std::string bench;
  std::uint64_t keys = 1'000'000;
  std::uint64_t operations = 0;  // of each thread; 0: as many as there are keys
  std::uint64_t threads = 1;
  std::string dir;     // on disk
  std::string memory;  // in shared memory
};

// splitmix64: the same numbers everywhere.
inline std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    return mix(state_);
  }

 private:
  std::uint64_t state_;
};

// Every number below `count` once, in no order that shows: steps of a length without a common
// divisor.
class Shuffled {
 public:
  explicit Shuffled(std::uint64_t count) : count_(count), step_(count * 5 / 8 | 1) {
    while (std::gcd(step_, count_) != 1) step_ += 2;
    at_ = mix(count) % count_;
  }
  std::uint64_t next() {
    at_ = (at_ + step_) % count_;
    return at_;
  }

 private:
  const std::uint64_t count_;
  std::uint64_t step_;
  std::uint64_t at_ = 0;
};

// The number in eight bytes, greatest first, then zeros as digits.
inline std::string_view make_key(std::uint64_t number, char (&key)[kKeyBytes]) {
  const std::uint64_t swapped = __builtin_bswap64(number);
  std::memcpy(key, &swapped, 8);
  std::memset(key + 8, '0', 8);
  return {key, kKeyBytes};
}

// Values that do not compress, cut from a megabyte of random bytes.
class Values {
 public:
  Values() : pool_(kPoolBytes + kValueBytes) {
    Numbers numbers(1);
    for (std::byte& byte : pool_) byte = static_cast<std::byte>(numbers.next());
  }
  // The value of a key, the first or a later one.
  [[nodiscard]] Bytes of(std::uint64_t number, std::uint64_t version = 0) const {
    return Bytes(pool_).subspan(mix(number + (version << 48)) % kPoolBytes, kValueBytes);
  }

 private:
  static constexpr std::size_t kPoolBytes = 1u << 20;
  std::vector<std::byte> pool_;
};

// The hash of an entry: sums of it do not depend on an order. Reads both ends of the value, as
// whoever asked for it would.
inline std::uint64_t hash_entry(std::string_view key, Bytes value) {
  std::uint64_t hash = value.size();
  for (const Bytes part : {bytes_of_text(key), value}) {
    if (part.size() < 8) continue;
    hash = mix(hash ^ load<std::uint64_t>(part.data()));
    hash = mix(hash ^ load<std::uint64_t>(part.data() + part.size() - 8));
  }
  return hash;
}

inline void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.text().c_str());
  std::exit(1);
}

// `parameters`: the members of a JSON object.
inline void print_line(const std::string& bench, const std::string& parameters,
                       const std::string& metric, double value, const std::string& unit,
                       std::uint64_t answer) {
  std::printf("{\"bench\":\"%s\",\"params\":{%s},\"metric\":\"%s\",\"value\":%.6g,"
              "\"unit\":\"%s\",\"answer\":\"%016" PRIx64 "\"}\n",
              bench.c_str(), parameters.c_str(), metric.c_str(), value, unit.c_str(), answer);
  std::fflush(stdout);
}

inline double per_second(std::uint64_t count, std::int64_t ns) {
  return static_cast<double>(count) * 1e9 / static_cast<double>(ns);
}

inline std::string parameter(const std::string& name, std::uint64_t value) {
  return "\"" + name + "\":" + std::to_string(value);
}

// BENCH [--keys=N] [--operations=N] [--threads=N] [--dir=PATH] [--memory=PATH]
inline Settings read_settings(int count, char** arguments) {
  Settings settings;
  for (int at = 1; at < count; at += 1) {
    const std::string_view argument = arguments[at];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
    const std::uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--keys" && number > 1) {
      settings.keys = number;
    } else if (name == "--operations") {
      settings.operations = number;
    } else if (name == "--threads" && number > 0) {
      settings.threads = number;
    } else if (name == "--dir") {
      settings.dir = value;
    } else if (name == "--memory") {
      settings.memory = value;
    } else if (at == 1) {
      settings.bench = argument;
    } else {
      must(Status(Code::kInvalidArgument, "bad argument " + std::string(argument)));
    }
  }
  if (settings.operations == 0) settings.operations = settings.keys;
  return settings;
}

}  // namespace ndts::kv_bench
