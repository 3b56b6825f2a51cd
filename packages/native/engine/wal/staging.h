// The staging memory: a circular image of the newest part of the log in a shared-memory file. An
// entry that stands in it below the tail is accepted and survives kill -9.
//
// Threads: put() and publish_tail() by the appender; publish_durable() by the committer; view()
// by the committer for [durable, tail). The tail is stored with release after the bytes and
// loaded with acquire before them; durable likewise, before the appender overwrites what lies a
// ring's length below. A kill at any instruction therefore leaves whole entries below the tail.
// Writes never fail: the file is allocated first. They don't wait for pages either once these are
// present, which a thread sees to from where the log begins, faster than anybody appends.
// Damage: what identifies the memory, the tail and durable stand in it twice, and every entry has
// a checksum, so that after any damaged byte either everything is read or the place is named.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread.h"
#include "wal/wal_format.h"

namespace ndts {

struct StagingIdentity {
  std::uint64_t log_id;
  std::uint64_t epoch;
  std::uint64_t base_position;
  std::string boot_id;
};

// The file of staging memory where there is none of its size yet: made beside other work, because
// the system takes its time to find that much memory. What is not taken is removed.
//
// Threads: one owner; the work is done in a thread of its own, or at once.
class StagingRoom {
 public:
  StagingRoom(FileSystem& files, const std::string& path, std::uint64_t ring_bytes, bool threads);
  ~StagingRoom();
  StagingRoom(const StagingRoom&) = delete;
  StagingRoom& operator=(const StagingRoom&) = delete;
  // The file under its name, allocated. Waits for it. Once.
  [[nodiscard]] Status take(std::unique_ptr<File>* file);

 private:
  [[nodiscard]] Status prepare();

  FileSystem& files_;
  const std::string path_;
  const std::string temporary_;
  const std::uint64_t bytes_;
  Status status_;               // of the work, like file_: read after join()
  std::unique_ptr<File> file_;
  bool temporary_made_ = false;
  std::unique_ptr<Thread> thread_;
};

class Staging {
 public:
  // Sets the memory up anew, empty at base_position; what stood there before is void. Its pages are
  // allocated, and present once fault_in() was called for them.
  [[nodiscard]] static Status create(StagingRoom* room, const StagingIdentity& identity,
                                     std::unique_ptr<Staging>* staging);
  // What an earlier process left. NOT_FOUND when there is none, or it belongs to another boot,
  // log or epoch; CORRUPT when it belongs here but contradicts itself.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   const StagingIdentity& identity,
                                   std::unique_ptr<Staging>* staging);

  [[nodiscard]] std::uint64_t ring_bytes() const { return ring_bytes_; }
  [[nodiscard]] std::uint64_t tail() const;
  // What the checksums of its entries start from: not that of any file.
  [[nodiscard]] std::uint32_t seed() const { return seed_; }

  // Makes the pages of up to `bytes` bytes from `position` on present; any thread, beside stores.
  void fault_in(std::uint64_t position, std::uint64_t bytes) const;
  void put(std::uint64_t position, Bytes bytes);
  void put_zeros(std::uint64_t position, std::uint64_t count);
  void publish_tail(std::uint64_t position);
  void publish_durable(std::uint64_t position);
  // The bytes of [begin, end), in one or two pieces.
  [[nodiscard]] std::array<Bytes, 2> view(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] WalEntryHeader entry_header(std::uint64_t position) const;

  // For recovery, of the two that stand there: no damage makes them higher than they were.
  [[nodiscard]] std::uint64_t least_tail() const;
  [[nodiscard]] std::uint64_t least_durable() const;
  // The whole entry, header first, when a good one of at most `limit` bytes stands at `position`.
  [[nodiscard]] bool read_entry(std::uint64_t position, std::uint64_t limit,
                                std::vector<std::byte>* entry) const;

 private:
  Staging() = default;
  [[nodiscard]] WalStagingHeader* header() const;
  [[nodiscard]] std::byte* ring() const;
  void set_up(std::uint64_t ring_bytes, const StagingIdentity& identity);

  std::unique_ptr<Mapping> mapping_;
  std::uint64_t ring_bytes_ = 0;
  std::uint32_t seed_ = 0;
  // Of memory found at open: 1 has neither copies nor checksums and is trusted up to its tail.
  std::uint32_t version_ = kStagingVersion;
};

}  // namespace ndts
