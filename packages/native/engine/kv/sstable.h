// A sorted table: an immutable file of keys in order, written once by a flush or a compaction.
// docs/formats/sstable.md describes the file.
//
// SstWriter: one thread; add() with keys strictly ascending, then finish() once. A failed call
// leaves a file that is good for nothing but removal. SstFile: any thread; get() and cursors
// hand out spans into the mapping, which live as long as the SstFile. Errors: CORRUPT with file
// and offset, VERSION_TOO_NEW, IO_ERROR when the mapping failed. Header and footer are checked
// at open, a block before anything of it is handed out for the first time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "generated/layouts.h"
#include "kv/cursor.h"

namespace ndts {

inline constexpr std::uint64_t kSstMagic = 0x4254'5353'5354'444e;  // "NDTSSSTB"
inline constexpr std::uint32_t kSstVersion = 1;
inline constexpr std::uint32_t kSstLevels = 7;

// A table as manifest, planner and reader know it.
struct SstInfo {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t deletes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  // An estimate: bytes of entries in older files that entries of this one hide, and of its deletes.
  std::uint64_t hidden_bytes = 0;
  std::uint32_t level = 0;
  std::uint32_t header_checksum = 0;
  std::string min_key;
  std::string max_key;
};

[[nodiscard]] std::string sst_path(const std::string& dir, std::uint64_t number);

class SstWriter {
 public:
  // block_bytes: where a block ends, unless one entry is longer; up to 32768.
  SstWriter(FileSystem& files, const std::string& dir, std::uint64_t number,
            std::uint32_t block_bytes);

  // Makes the file; removes what an earlier attempt left under its name.
  [[nodiscard]] Status create();
  // `hash` is hash_key(entry.key).
  [[nodiscard]] Status add(const KeyValueEntry& entry, std::uint64_t hash);
  // At least one entry was added. Syncs the file, not its folder; fills all of `info` but level
  // and hidden_bytes.
  [[nodiscard]] Status finish(std::uint64_t first_sequence, std::uint64_t last_sequence,
                              SstInfo* info);

  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  // Of the file so far.
  [[nodiscard]] std::uint64_t bytes() const { return written_ + buffer_.size(); }

 private:
  [[nodiscard]] Status end_block();
  [[nodiscard]] Status write_buffer();
  void append(Bytes bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  void append_varint(std::uint64_t value);

  FileSystem& files_;
  const std::string path_;
  const std::uint64_t number_;
  const std::uint32_t block_bytes_;
  std::unique_ptr<File> file_;
  std::vector<std::byte> buffer_;  // the end of the file; the open block is its end
  std::uint64_t written_ = 0;      // in the file, before the buffer
  std::size_t block_start_ = 0;    // in the buffer
  std::vector<std::uint16_t> offsets_;
  std::string last_key_;
  std::string keys_;  // of the footer
  std::size_t min_key_bytes_ = 0;
  std::vector<SstIndexEntry> index_;
  std::vector<std::uint64_t> hashes_;
  std::uint64_t entries_ = 0;
  std::uint64_t deletes_ = 0;
};

class SstFile {
 public:
  // `expected` as listed; its level may differ.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& dir,
                                   const SstInfo& expected, std::shared_ptr<SstFile>* file);
  // Whatever the file says it is, for inspection and repair.
  [[nodiscard]] static Status open_unlisted(FileSystem& files, const std::string& path,
                                            std::shared_ptr<SstFile>* file);

  // `hash` is hash_key(key). *found: the key is here, perhaps as a delete.
  [[nodiscard]] Status get(std::string_view key, std::uint64_t hash, bool* found,
                           KeyValueEntry* entry) const;
  [[nodiscard]] bool may_contain(std::uint64_t hash) const;
  // The file must outlive it.
  [[nodiscard]] std::unique_ptr<Cursor> cursor() const;
  // IO_ERROR once a part of the file could not be read: for whoever used what entries point to,
  // after.
  [[nodiscard]] Status status() const { return mapping_->outcome({}, path_); }

  [[nodiscard]] const SstInfo& info() const { return info_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string_view min_key() const { return info_.min_key; }
  [[nodiscard]] std::string_view max_key() const { return info_.max_key; }

  // Block by block, for repair: a damaged one says nothing about others. at < block_count().
  [[nodiscard]] std::uint32_t block_count() const { return header_.block_count; }
  [[nodiscard]] std::string_view last_key(std::uint32_t at) const;
  using Visit = std::function<void(const KeyValueEntry&)>;
  [[nodiscard]] Status visit_block(std::uint32_t at, const Visit& visit) const;

 private:
  friend class SstCursor;

  // A checked block.
  struct Block {
    const Mapping* mapping = nullptr;
    const std::byte* data = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t entries = 0;

    // Empty once the mapping failed.
    [[nodiscard]] KeyValueEntry entry(std::uint32_t at) const;
    // The first entry at or after `key`; `entries` when there is none.
    [[nodiscard]] std::uint32_t lower_bound(std::string_view key) const;
  };

  SstFile(std::string path, std::unique_ptr<Mapping> mapping);
  [[nodiscard]] Status check(const SstInfo* expected);
  [[nodiscard]] Status check_footer();
  [[nodiscard]] Status check_block(std::uint32_t at, Bytes bytes) const;
  [[nodiscard]] Status corrupt(const std::string& what, std::uint64_t offset) const;

  [[nodiscard]] SstIndexEntry index(std::uint32_t at) const;
  // The first block whose last key is at or after `key`; block_count when there is none.
  [[nodiscard]] std::uint32_t find_block(std::string_view key) const;
  [[nodiscard]] Status load_block(std::uint32_t at, Block* block) const;
  [[nodiscard]] Status find(std::string_view key, bool* found, KeyValueEntry* entry) const;

  const std::string path_;
  const std::unique_ptr<Mapping> mapping_;
  const Bytes bytes_;
  SstHeader header_{};
  SstInfo info_;
  Bytes keys_;
  Bytes filter_;
  // All keys here begin with the same bytes: how many, and per block the eight bytes after them of
  // its last key, as a number. Searched instead of the keys.
  std::size_t common_ = 0;
  std::vector<std::uint64_t> prefixes_;
  // One bit per block that was checked. Relaxed: bytes never change, checking twice is harmless.
  std::unique_ptr<std::atomic<std::uint64_t>[]> checked_;
};

}  // namespace ndts
