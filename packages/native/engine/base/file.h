// The seam between the engine and the disk. Everything the engine reads or writes goes through a
// FileSystem, so that tests can put one underneath that loses, tears and refuses (sim_file.h).
//
// Threads: a FileSystem may be used from any thread; a File from one thread at a time, except
// that read() may run beside anything. Lifetime: a Mapping may outlive its File.
// Errors carry path and offset: NOT_FOUND, ALREADY_EXISTS, DISK_FULL (ENOSPC, EDQUOT),
// READ_ONLY (EROFS, EACCES, EPERM), LOCKED, IO_ERROR (everything else).
// Durability: bytes and size after sync(); names (create, rename, remove, hard link) after
// sync_directory() of their folder. After a failed sync() the file must not be trusted again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mapping_guard.h"
#include "base/status.h"

namespace ndts {

// Memory backed by a file, unmapped by the destructor. What map() gave may fail while it is read:
// zeros then stand where the file could not be read, and failed() is true from then on.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] Bytes bytes() const { return {data_, size_}; }
  // Empty unless it came from map_shared().
  [[nodiscard]] MutableBytes writable() const {
    return shared_ ? MutableBytes(data_, size_) : MutableBytes();
  }
  // Makes pages of [offset, offset + bytes) present now, so that no store waits for them later. May
  // do nothing; any thread, beside stores.
  virtual void fault_in(std::size_t offset, std::size_t bytes) const {
    static_cast<void>(offset);
    static_cast<void>(bytes);
  }
  // To ask after reading: the fence keeps the compiler, and acquire the loads, in that order.
  [[nodiscard]] bool failed() const {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return first_fault_ != nullptr &&
           first_fault_->load(std::memory_order_acquire) != MappingGuard::kNoFault;
  }
  // `found` is what the bytes of file `path` said; IO_ERROR and where, when they could not be read.
  [[nodiscard]] Status outcome(Status found, const std::string& path) const {
    return failed() ? unreadable(path) : found;
  }

 protected:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool shared_ = false;
  const std::atomic<std::uint64_t>* first_fault_ = nullptr;  // null: cannot fail

 private:
  [[nodiscard]] Status unreadable(const std::string& path) const;
};

class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;
  // Reads up to into.size() bytes; fewer only at the end of the file.
  [[nodiscard]] virtual Status read(std::uint64_t offset, MutableBytes into,
                                    std::size_t* count) = 0;
  // Writes all or fails; a failed write may have written a part. Grows the file.
  [[nodiscard]] virtual Status write(std::uint64_t offset, Bytes from) = 0;
  // fdatasync: bytes and, where it changed, the size.
  [[nodiscard]] virtual Status sync() = 0;
  [[nodiscard]] virtual Status size(std::uint64_t* bytes) = 0;
  [[nodiscard]] virtual Status truncate(std::uint64_t bytes) = 0;
  // Reserves disk blocks for [0, bytes) and grows the file to it with zeros; never shrinks it.
  [[nodiscard]] virtual Status allocate(std::uint64_t bytes) = 0;
  // The whole of a file that no longer changes. An empty file maps to an empty span. Whoever reads
  // from it asks outcome() before trusting what it read.
  [[nodiscard]] virtual Status map(std::unique_ptr<Mapping>* mapping) = 0;
  // The whole file as writable shared memory, pre-faulted; allocate() first, so that no store
  // can meet a missing block.
  [[nodiscard]] virtual Status map_shared(std::unique_ptr<Mapping>* mapping) = 0;
  // The same, and whoever maps says when its pages are made present: Mapping::fault_in().
  [[nodiscard]] virtual Status map_shared_later(std::unique_ptr<Mapping>* mapping) {
    return map_shared(mapping);
  }
  // The bytes will soon be read: a disk may begin to. A hint; nothing can fail.
  virtual void will_read(std::uint64_t offset, std::uint64_t bytes) {
    static_cast<void>(offset);
    static_cast<void>(bytes);
  }

  // Exactly into.size() bytes; CORRUPT when the file ends before.
  [[nodiscard]] Status read_exactly(std::uint64_t offset, MutableBytes into);
};

// Held until destroyed; the kernel releases it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : std::uint8_t {
  kRead = 1,       // must exist
  kReadWrite = 2,  // must exist
  kCreate = 3,     // must not exist; mode 0600
  kOpenOrCreate = 4,
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Status open(const std::string& path, OpenMode mode,
                                    std::unique_ptr<File>* file) = 0;
  // Replaces `to` when it exists; atomic.
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  [[nodiscard]] virtual Status hard_link(const std::string& from, const std::string& to) = 0;
  // Names in a folder, without "." and "..", sorted.
  [[nodiscard]] virtual Status list(const std::string& folder,
                                    std::vector<std::string>* names) = 0;
  // Makes the folder and its missing parents, mode 0700, names synced; ok when it exists.
  [[nodiscard]] virtual Status make_directory(const std::string& folder) = 0;
  // An empty one. Its name is gone after sync_directory() of its parent.
  [[nodiscard]] virtual Status remove_directory(const std::string& folder) = 0;
  [[nodiscard]] virtual Status sync_directory(const std::string& folder) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  // Creates the file and locks it, and its folder where that can be locked: one lock in a folder,
  // which holds even when the file is removed. LOCKED when somebody holds one of them.
  [[nodiscard]] virtual Status lock(const std::string& path,
                                    std::unique_ptr<FileLock>* lock) = 0;
  // Changes when the machine restarts, that is when shared memory is lost. At most 39 characters.
  [[nodiscard]] virtual std::string boot_id() = 0;

  // Writes `path` so that after a crash it holds either the old or the new bytes: `path`.tmp,
  // sync, rename, sync of the folder.
  [[nodiscard]] Status replace(const std::string& path, Bytes content);
  // The whole file into memory.
  [[nodiscard]] Status read_file(const std::string& path, std::vector<std::byte>* content);
};

// The disk. Stateless; any number may exist.
[[nodiscard]] std::unique_ptr<FileSystem> make_posix_file_system();

// "a/b/c" -> "a/b"; "." when there is no slash.
[[nodiscard]] std::string parent_folder(const std::string& path);

}  // namespace ndts
