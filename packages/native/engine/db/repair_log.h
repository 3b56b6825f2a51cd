// What of a log can be saved: everything up to its first bad entry. Entries behind it are not
// used, also where they are whole: sequences of a shard have no gap, and a key may have changed in
// what is missing. Two places do not count as bad: those below the manifest's position, whose
// entries are in files, and those of which staging memory has a copy. Part of repair.h.
//
// Threads: plain functions. Errors: those of the file system, VERSION_TOO_NEW; damage is no error
// here. Invariant: an undamaged log gets no findings, and a log that is left as a LogRepair says
// opens, and gets none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/repair.h"
#include "wal/wal.h"

namespace ndts {

struct LogCheckOptions {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  std::string dir;
  std::string staging_path;    // empty: none
  std::uint64_t position = 0;  // entries up to it are in files
};

// Where the first file of the log begins whose header can be read; 0 when there is none.
[[nodiscard]] Status find_log_begin(FileSystem& files, const std::string& dir,
                                    std::uint64_t* position);

// Called for every entry above the position, in order; CORRUPT where it cannot be replayed.
using TakeEntry = std::function<Status(const WalRecord& record)>;

struct LogRepair {
  struct Written {
    std::string path;
    std::vector<std::byte> content;
  };
  std::vector<RepairFinding> findings;
  // Then, to be done in this order: files that go, staging memory that goes (or empty), and files
  // to write over those there are.
  std::vector<std::string> removed;
  std::string staging;
  std::vector<Written> written;
};

[[nodiscard]] Status check_log(const LogCheckOptions& options, const TakeEntry& take,
                               LogRepair* repair);

}  // namespace ndts
