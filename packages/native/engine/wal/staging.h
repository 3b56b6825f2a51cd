// The staging memory: a circular image of the newest part of the log in a shared-memory file. An
// entry that stands in it below the tail is accepted and survives kill -9.
//
// Threads: put() and publish_tail() by the appender; set_checksum() and publish_durable() by the
// committer; view() and get() by the committer for [durable, tail). The tail is stored with
// release after the bytes and loaded with acquire before them; durable likewise, before the
// appender overwrites what lies a ring's length below. A kill at any instruction therefore leaves
// whole entries below the tail. Writes never fault: the file is allocated and populated first.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "wal/wal_format.h"

namespace ndts {

struct StagingIdentity {
  std::uint64_t log_id;
  std::uint64_t epoch;
  std::uint64_t base_position;
  std::string boot_id;
};

class Staging {
 public:
  // Sets the memory up anew, empty at base_position; what stood there before is void.
  [[nodiscard]] static Status create(FileSystem& files, const std::string& path,
                                     std::uint64_t ring_bytes, const StagingIdentity& identity,
                                     std::unique_ptr<Staging>* staging);
  // What an earlier process left. NOT_FOUND when there is none, or it belongs to another boot,
  // log or epoch; CORRUPT when it belongs here but contradicts itself.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   const StagingIdentity& identity,
                                   std::unique_ptr<Staging>* staging);

  [[nodiscard]] std::uint64_t ring_bytes() const { return ring_bytes_; }
  [[nodiscard]] std::uint64_t base_position() const { return header()->base_position; }
  [[nodiscard]] std::uint64_t tail() const;
  [[nodiscard]] std::uint64_t durable() const;

  void put(std::uint64_t position, Bytes bytes);
  void put_zeros(std::uint64_t position, std::uint64_t count);
  void get(std::uint64_t position, MutableBytes into) const;
  void publish_tail(std::uint64_t position);
  void publish_durable(std::uint64_t position);
  // The bytes of [begin, end), in one or two pieces.
  [[nodiscard]] std::array<Bytes, 2> view(std::uint64_t begin, std::uint64_t end) const;
  // Computes the checksum of the entry at `position` and stores it there.
  void set_checksum(std::uint64_t position, std::uint64_t entry_bytes, std::uint32_t seed);

 private:
  Staging() = default;
  [[nodiscard]] WalStagingHeader* header() const;
  [[nodiscard]] std::byte* ring() const;

  std::unique_ptr<Mapping> mapping_;
  std::uint64_t ring_bytes_ = 0;
};

}  // namespace ndts
