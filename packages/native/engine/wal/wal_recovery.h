// Finds out what a folder of log files and the staging memory hold, and replays it.
//
// Reads only. The order of trust: a file of a later opening ends every earlier one at its
// previousEnd; below that end everything must be whole; in the last file the tail may be torn.
// What is not confirmed durable (survivors) is handed back to be written again: it may stand in
// the page cache only, or in a file whose sync failed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "wal/wal.h"
#include "wal/wal_files.h"

namespace ndts {

struct RecoveredLog {
  std::uint64_t log_id = 0;         // 0: there is no log yet
  std::uint64_t epoch = 0;          // of the last opening
  std::uint64_t last_sequence = 0;  // of the newest file
  std::uint64_t confirmed = 0;      // everything below is durable in the files
  std::uint64_t end = 0;            // everything below was replayed
  // How far beyond `end` positions may have been given out and lost.
  std::uint64_t unknown_bytes = 0;
  std::uint64_t survivors_at = 0;    // where the survivors begin
  std::vector<std::byte> survivors;  // the entries of [survivors_at, end)
  std::vector<WalFiles::Kept> files;
  WalRecovery report;
};

[[nodiscard]] Status recover_log(const WalOptions& options, const Wal::Replay& replay,
                                 RecoveredLog* log);

}  // namespace ndts
