// The files the log writes: the current one, the next one made ready ahead of need, and the list
// of those kept.
//
// A file is made under a name that recovery ignores: allocated, zero-written and synced piece by
// piece; then its header is written and synced and the file renamed to wal_{sequence:020}.log.
// Hence a file of that name always has a whole header, and everything below its previousEnd was
// durable before its first entry was written. Sequences are never used twice.
//
// Threads: everything by the committer (the log's commit mutex), but kept files (kept_*,
// remove_below) from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"
#include "wal/wal_format.h"

namespace ndts {

struct WalFileSet {
  std::uint64_t log_id;
  std::uint64_t epoch;
  std::uint64_t file_bytes;
  // Of the file that an open waits for; those after it are made beside the work.
  std::uint64_t first_file_bytes;
  std::uint64_t staging_bytes;
  std::uint64_t next_sequence;
};

class WalFiles {
 public:
  struct Kept {
    std::string path;
    std::uint64_t previous_end;
    std::uint64_t start_position;
    std::uint64_t bytes;
  };

  WalFiles(FileSystem& files, Clock& clock, std::string dir, const WalFileSet& set)
      : files_(files),
        clock_(clock),
        dir_(std::move(dir)),
        set_(set),
        next_size_(set.first_file_bytes) {
    buffer_.reserve(kBufferBytes);
  }

  // Lists a file found by recovery; oldest first.
  void keep(const Kept& file);

  // Makes one more piece of the next file, of at most so many bytes. Done when ready(). After an
  // error the next call starts over.
  [[nodiscard]] Status prepare_piece(std::uint64_t bytes);
  [[nodiscard]] bool ready() const { return next_ready_; }
  // Is the current file filling up so fast that the next one must not wait for a quiet moment?
  // It is to be ready when the current one is half full.
  [[nodiscard]] bool behind() const;
  // Gives the prepared file its header and name and makes it current; needs ready().
  [[nodiscard]] Status activate(std::uint64_t previous_end, std::uint64_t start_position);
  // A file of exactly these entries, complete and synced; does not become current. The
  // checksums in `image` are computed here.
  [[nodiscard]] Status write_whole(std::uint64_t previous_end, std::uint64_t start_position,
                                   MutableBytes image);
  // Forgets the current file, which must not be written again. It stays on disk until a later
  // one is active: its header is what ties the staging memory to this epoch.
  void give_up();
  // Removes the prepared file, at close.
  void discard_next();

  [[nodiscard]] bool has_current() const { return current_ != nullptr; }
  [[nodiscard]] std::uint32_t seed() const { return seed_; }
  // Bytes left in the current file, and for entries in the next one, and those after it.
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] std::uint64_t next_capacity() const { return next_size_ - kWalEntriesOffset; }
  [[nodiscard]] std::uint64_t capacity() const { return set_.file_bytes - kWalEntriesOffset; }
  // Appends bytes to the current file, through a buffer; flush() writes what is in it.
  [[nodiscard]] Status write(Bytes bytes);
  [[nodiscard]] Status flush();
  [[nodiscard]] Status sync();

  [[nodiscard]] Status remove_below(std::uint64_t position);
  [[nodiscard]] std::uint64_t kept_oldest() const;
  [[nodiscard]] std::uint64_t kept_bytes() const;
  [[nodiscard]] std::uint64_t kept_count() const;

 private:
  // Fits the second-level cache: entries are copied, summed and handed to the kernel from there.
  static constexpr std::size_t kBufferBytes = 256u << 10;

  [[nodiscard]] std::string path_of(const std::string& name) const { return dir_ + "/" + name; }
  [[nodiscard]] Status begin_next(std::uint64_t bytes);
  [[nodiscard]] Status zero_next(std::uint64_t end);
  [[nodiscard]] Status name_next(std::uint64_t previous_end, std::uint64_t start_position,
                                 std::uint64_t bytes, MutableBytes image);
  void remove_superseded();

  FileSystem& files_;
  Clock& clock_;
  const std::string dir_;
  WalFileSet set_;

  std::unique_ptr<File> current_;
  std::uint64_t current_size_ = 0;
  std::uint64_t current_offset_ = 0;  // of what is not in the buffer
  std::vector<std::byte> buffer_;     // of fixed capacity
  std::uint32_t seed_ = 0;

  std::unique_ptr<File> next_;
  std::uint64_t next_size_;
  std::uint64_t next_zeroed_ = 0;
  bool next_ready_ = false;

  mutable Mutex kept_mutex_;
  std::vector<Kept> kept_;           // oldest first; the current one last
  std::uint64_t next_bytes_ = 0;     // on disk under the name of the next file
};

}  // namespace ndts
