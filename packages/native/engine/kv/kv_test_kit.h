// What the key-value tests share: seeds, random keys, a table file from a map.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/sim_file.h"
#include "kv/bloom_filter.h"
#include "kv/sstable.h"

namespace ndts {

using KvPairs = std::vector<std::pair<std::string, std::string>>;

// The seed of a random test: NDTS_SEED, or a fixed one; every test prints it when it fails.
inline std::uint64_t kv_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
}

// One of about `range` keys: with shared starts, bytes above 127, zeros, and the empty one.
inline std::string random_key(std::mt19937_64& random, std::size_t range) {
  const std::size_t number = random() % range;
  switch (number % 4) {
    case 0:
      return "orders/2026/" + std::to_string(number);
    case 1:
      return std::to_string(number);
    case 2:
      return std::string(number % 7, '\0') + static_cast<char>(number * 37);
    default:
      return std::string(number % 11, '\xff');
  }
}

inline std::string random_value(std::mt19937_64& random) {
  const std::uint64_t kind = random() % 8;
  if (kind == 0) return "";
  const std::size_t bytes = kind == 1 ? random() % 9000 : random() % 120;
  std::string value(bytes, '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return value;
}

// nullopt is a delete.
using TableModel = std::map<std::string, std::optional<std::string>>;

inline SstInfo write_sst(FileSystem& files, const std::string& dir, std::uint64_t number,
                         const TableModel& model, std::uint32_t block_bytes = 4096) {
  SstWriter writer(files, dir, number, block_bytes);
  SstInfo info;
  EXPECT_TRUE(writer.create().ok());
  for (const auto& [key, value] : model) {
    const KeyValueEntry entry{key, value.has_value() ? bytes_of_text(*value) : Bytes(),
                              !value.has_value()};
    EXPECT_TRUE(writer.add(entry, hash_key(key)).ok());
  }
  EXPECT_TRUE(writer.finish(1, 9, &info).ok());
  return info;
}

inline TableModel random_table(std::mt19937_64& random, std::size_t count) {
  TableModel model;
  for (std::size_t at = 0; at < count; at += 1) {
    const std::string key = random_key(random, 4 * count);
    if (random() % 5 == 0) {
      model[key] = std::nullopt;
    } else {
      model[key] = random_value(random);
    }
  }
  return model;
}

}  // namespace ndts
