// Constants and small arithmetic of the log's files, shared by writer, reader and staging.
// The layouts are generated (schema/layouts/wal.mjs); docs/formats/wal.md explains them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "generated/layouts.h"

namespace ndts {

inline constexpr std::uint64_t kWalMagic = 0x314c41575354444e;      // "NDTSWAL1"
inline constexpr std::uint64_t kStagingMagic = 0x315447535354444e;  // "NDTSSTG1"
inline constexpr std::uint32_t kWalVersion = 1;
inline constexpr std::uint32_t kStagingVersion = 2;
// Entries begin here, in a file and in the staging memory alike.
inline constexpr std::uint64_t kWalEntriesOffset = 4096;
// Where what identifies the staging memory stands once more, out of reach of one torn sector.
inline constexpr std::uint64_t kStagingCopyOffset = 2048;
// Kinds above this one are the log's own and are never handed to a replay.
inline constexpr std::uint32_t kWalUserKindMax = 0xffff;
// Written by close(): nothing was accepted after it.
inline constexpr std::uint32_t kWalSealKind = 0x10000;
// The name under which the next file is made ready; never read.
inline constexpr const char* kWalNextName = "wal_next.tmp";

[[nodiscard]] constexpr std::uint64_t wal_entry_bytes(std::uint64_t payload_bytes) {
  return align_up(sizeof(WalEntryHeader) + payload_bytes, 8);
}

inline constexpr std::array<std::byte, 8> kWalPadding{};

// What the checksums of a file's entries start from, so that no entry of another file, epoch or
// log can be taken for one of this.
[[nodiscard]] inline std::uint32_t wal_entry_seed(const WalFileHeader& header) {
  const std::uint64_t identity[3] = {header.log_id, header.file_sequence, header.epoch};
  return crc32c(0, bytes_of(identity));
}

// The same for entries in staging memory, which are in no file yet: no file has the sequence 0.
[[nodiscard]] inline std::uint32_t wal_staging_seed(std::uint64_t log_id, std::uint64_t epoch) {
  const std::uint64_t identity[3] = {log_id, 0, epoch};
  return crc32c(0, bytes_of(identity));
}

[[nodiscard]] inline std::uint32_t wal_header_checksum(const WalFileHeader& header) {
  return crc32c(0, bytes_of(header).subspan(sizeof(header.checksum)));
}

// "wal_00000000000000000007.log"
[[nodiscard]] std::string wal_file_name(std::uint64_t sequence);
[[nodiscard]] std::optional<std::uint64_t> wal_sequence_of(const std::string& name);

}  // namespace ndts
