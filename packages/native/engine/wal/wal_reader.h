// Reads one file of the log: header, entries in order, and what stands after the last good one.
// Recovery and `inspect` use it.
//
// One thread. The whole file is in memory while the reader lives; entries point into it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "wal/wal_format.h"

namespace ndts {

struct WalEntry {
  WalEntryHeader header;
  std::uint64_t file_offset;
  std::uint64_t end;  // log position after it
  Bytes payload;
};

// What follows the last good entry of a file.
struct WalTail {
  std::uint64_t torn_bytes = 0;  // up to the last byte that is not zero; 0 when all are
  // A later, good entry says that the bad place was durable: not a torn tail but corruption.
  bool was_durable = false;
  // Good entries behind the bad place, seals aside, and the position after the last of all.
  std::uint64_t entries = 0;
  std::uint64_t end = 0;
};

class WalReader {
 public:
  // CORRUPT when the header is damaged, VERSION_TOO_NEW when its layout is unknown.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path,
                                   std::unique_ptr<WalReader>* reader);
  // Only the header, without loading the file.
  [[nodiscard]] static Status read_header(FileSystem& files, const std::string& path,
                                          WalFileHeader* header);

  [[nodiscard]] const WalFileHeader& header() const { return header_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // The next good entry; false at the first place that holds none.
  [[nodiscard]] bool next(WalEntry* entry);
  // Goes on at `position`, where an entry may begin; false when that is not in the file.
  [[nodiscard]] bool seek(std::uint64_t position);
  // Log position and offset in the file where next() goes on.
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] std::uint64_t file_offset() const { return offset_; }
  // Bytes that the file lacks against what its header says.
  [[nodiscard]] std::uint64_t missing_bytes() const;
  // Looks at everything from here on; does not move.
  [[nodiscard]] WalTail inspect_tail() const;
  // The entries of log positions [begin, end) as they stand in the file.
  [[nodiscard]] Bytes image(std::uint64_t begin, std::uint64_t end) const;

 private:
  WalReader() = default;
  [[nodiscard]] bool parse(std::uint64_t offset, WalEntry* entry) const;

  std::string path_;
  WalFileHeader header_{};
  std::uint32_t seed_ = 0;
  std::vector<std::byte> content_;
  std::uint64_t offset_ = kWalEntriesOffset;
};

}  // namespace ndts
