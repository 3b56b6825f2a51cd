// A file system in memory that lies the way disks do, for tests of everything above it.
//
// It keeps two states: what a running program sees, and what would be there after a power cut.
// crash() ends the first: of everything not synced a subset chosen by the seed survives, per
// 512-byte sector (old, new, something written in between, or torn in the middle), per name
// operation, and the size anything in between. kill() ends only the process: everything stays,
// locks are released. Both leave old File objects working on nothing. clone() tries several ends
// of one moment. Faults are injected by count, so a test can walk through all of them.
//
// Threads: any; one mutex. Memory handed out by map_shared() is written past the mutex; that
// memory counts as unsynced until crash(). Same seed and same calls give the same outcome.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread.h"

namespace ndts {

class SimFile;
struct SimNode;

// What can be made to fail. An open that creates is an open; lock() is one too.
enum class SimOperation : std::uint8_t {
  kOpen = 0,
  kRead = 1,
  kWrite = 2,
  kAllocate = 3,
  kTruncate = 4,
  kSync = 5,
  kMap = 6,
  kRename = 7,
  kLink = 8,
  kRemove = 9,
  kSyncDirectory = 10,
  kList = 11,
};
inline constexpr std::size_t kSimOperations = 12;

// What crash() leaves of what was not synced.
enum class SimCrash : std::uint8_t { kSubset = 1, kNothing = 2, kEverything = 3 };

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t seed);
  ~SimFileSystem() override;

  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>* file) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status hard_link(const std::string& from, const std::string& to) override;
  Status list(const std::string& folder, std::vector<std::string>* names) override;
  Status make_directory(const std::string& folder) override;
  Status remove_directory(const std::string& folder) override;
  Status sync_directory(const std::string& folder) override;
  bool exists(const std::string& path) override;
  Status lock(const std::string& path, std::unique_ptr<FileLock>* lock) override;
  std::string boot_id() override;

  // Cuts the power: see above. Also a new boot id; injected faults are cleared.
  void crash(SimCrash leaves = SimCrash::kSubset);
  // Ends the process only.
  void kill();
  // From now on nothing that would change the disk does so, it fails with IO_ERROR; until kill()
  // or crash(). For a hook in the middle of an operation, which can't unwind what it is in.
  void freeze();
  // Drops pages that look clean: what a failed sync lost is then gone from what is read as well.
  void evict();
  // The same disk and the same running state once more, with another seed; without locks,
  // open files and faults.
  [[nodiscard]] std::unique_ptr<SimFileSystem> clone(std::uint64_t seed) const;

  // The n-th such operation from now on (1 is the next) fails with `code`, and with `count` > 1
  // those after it too. A failing write leaves a part written, chosen by the seed. After a failing
  // sync of a file its pages look clean, and what had not reached the disk never will; one of a
  // folder leaves a part of its names durable. Other operations that fail do nothing.
  void fail(SimOperation operation, std::uint64_t nth, Code code, std::uint64_t count = 1);
  // Whatever it is.
  void fail_any(std::uint64_t nth, Code code, std::uint64_t count = 1);
  // A write or an allocation; a sync of a file or a folder.
  void fail_write(std::uint64_t nth, Code code, std::uint64_t count = 1);
  void fail_sync(std::uint64_t nth, Code code, std::uint64_t count = 1);
  void clear_faults();
  // Bytes all files together may take; DISK_FULL above. Default: no limit.
  void set_capacity(std::uint64_t bytes);
  // Damages a byte on the disk and in the cache.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);
  // Cuts a file on the disk and in the cache.
  void cut(const std::string& path, std::uint64_t bytes);

  // Counted since the beginning: where the next fault would strike.
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] std::uint64_t operations(SimOperation operation) const;
  [[nodiscard]] std::uint64_t writes() const;
  [[nodiscard]] std::uint64_t syncs() const;
  [[nodiscard]] std::uint64_t used_bytes() const;

 private:
  friend class SimFile;
  using Names = std::map<std::string, std::shared_ptr<SimNode>>;

  // A name operation since the last sync of its folder: `removed` goes, `added` points to `node`.
  struct NameChange {
    std::string folder;
    std::string removed;
    std::string added;
    std::shared_ptr<SimNode> node;
  };
  // Counts operations of one sort and fails some of them: number `at` and the `times` from it on.
  struct Counter {
    std::uint64_t count = 0;
    std::uint64_t at = 0;
    std::uint64_t times = 0;
    Code code = Code::kOk;
  };
  // One counter for each SimOperation, and for these.
  static constexpr std::size_t kAnyCounter = kSimOperations;
  static constexpr std::size_t kWriteCounter = kSimOperations + 1;
  static constexpr std::size_t kSyncCounter = kSimOperations + 2;
  static constexpr std::size_t kCounters = kSimOperations + 3;

  // Mutex held, all of these.
  [[nodiscard]] std::uint64_t random();
  [[nodiscard]] bool coin() { return (random() & 1) != 0; }
  [[nodiscard]] std::uint64_t used_locked() const;
  [[nodiscard]] Status check_alive(const std::string& path) const;
  // Counts the operation; the fault that strikes it.
  [[nodiscard]] Status count(SimOperation operation, const std::string& path,
                             std::uint64_t offset = 0);
  // As count(), for what would change the disk.
  [[nodiscard]] Status begin(SimOperation operation, const std::string& path);
  void arm(std::size_t counter, std::uint64_t nth, Code code, std::uint64_t times);
  void change_name(const std::string& folder, const std::string& removed,
                   const std::string& added, const std::shared_ptr<SimNode>& node);
  static void apply(const NameChange& change, Names* names);
  [[nodiscard]] Status open_locked(const std::string& path, OpenMode mode,
                                   std::unique_ptr<File>* file);
  [[nodiscard]] std::unique_ptr<File> open_node(const std::string& path,
                                                const std::shared_ptr<SimNode>& node);
  [[nodiscard]] bool survives(SimCrash leaves);
  void end_node(SimNode* disk, SimCrash leaves);
  // Puts copies of all nodes in their place, so that whoever holds the old ones reaches nothing.
  void detach();
  [[nodiscard]] std::uint64_t count_of(std::size_t counter) const;

  mutable Mutex mutex_;
  std::uint64_t random_state_;
  std::uint64_t boot_ = 1;
  bool frozen_ = false;
  std::array<Counter, kCounters> counters_{};
  std::uint64_t capacity_ = UINT64_MAX;
  Names live_;
  Names durable_;
  std::vector<NameChange> changes_;  // between durable_ and live_, in order
  std::set<std::string> folders_;
  std::shared_ptr<std::set<std::string>> locks_;
};

}  // namespace ndts
