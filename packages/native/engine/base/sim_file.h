// A file system in memory that lies the way disks do, for tests of everything above it.
//
// It keeps two states: what a running program sees, and what would be there after a power cut.
// crash() ends the first: of everything not synced a subset chosen by the seed survives, per
// 512-byte sector (which may be torn in the middle) and per name operation; sizes too. kill()
// ends only the process: everything stays, locks are released. Both leave old File objects
// working on nothing. Faults are injected by count, so a test can walk through all of them.
//
// Threads: any; one mutex. Memory handed out by map_shared() is written past the mutex; that
// memory counts as unsynced until crash(). Same seed and same calls give the same outcome.
#pragma once

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
  void crash();
  // Ends the process only.
  void kill();
  // From now on nothing that would change the disk does so, it fails with IO_ERROR; until kill()
  // or crash(). For a hook in the middle of an operation, which can't unwind what it is in.
  void freeze();

  // The n-th write or allocation from now on (1 is the next) fails with `code`, and with `count`
  // > 1 those after it too. A failing write leaves a part written, chosen by the seed.
  void fail_write(std::uint64_t nth, Code code, std::uint64_t count = 1);
  // The n-th sync of a file from now on fails; its pages then look clean, and what had not
  // reached the disk never will.
  void fail_sync(std::uint64_t nth, Code code, std::uint64_t count = 1);
  void clear_faults();
  // Bytes all files together may take; DISK_FULL above. Default: no limit.
  void set_capacity(std::uint64_t bytes);
  // Damages a byte on the disk and in the cache.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);
  // Cuts a file on the disk and in the cache.
  void cut(const std::string& path, std::uint64_t bytes);

  // Counted since the beginning: where the next fault would strike.
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
  struct Fault {
    std::uint64_t at = 0;  // fails when the counter is in [at, at + count)
    std::uint64_t count = 0;
    Code code = Code::kOk;
  };

  [[nodiscard]] std::uint64_t random();  // mutex held
  [[nodiscard]] bool coin() { return (random() & 1) != 0; }
  [[nodiscard]] bool strikes(const Fault& fault, std::uint64_t counter) const;
  [[nodiscard]] std::uint64_t used_locked() const;
  [[nodiscard]] Status check_alive(const std::string& path) const;
  void change_name(const std::string& folder, const std::string& removed,
                   const std::string& added, const std::shared_ptr<SimNode>& node);
  static void apply(const NameChange& change, Names* names);

  mutable Mutex mutex_;
  std::uint64_t random_state_;
  std::uint64_t boot_ = 1;
  bool frozen_ = false;
  std::uint64_t writes_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t capacity_ = UINT64_MAX;
  Fault write_fault_;
  Fault sync_fault_;
  Names live_;
  Names durable_;
  std::vector<NameChange> changes_;  // between durable_ and live_, in order
  std::set<std::string> folders_;
  std::shared_ptr<std::set<std::string>> locks_;
};

}  // namespace ndts
