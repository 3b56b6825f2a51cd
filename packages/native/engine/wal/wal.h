// The write-ahead log: one per engine, the only place where something becomes *accepted* and then
// *durable*. docs/formats/wal.md describes the files.
//
// Positions. The log is a stream of bytes; a position is a byte count from its beginning. It only
// grows, across restarts too, never repeats, and stays below 2^53. append() returns the position
// just after the entry: the entry is durable when durable_position() has reached that value.
// Positions of neighbouring entries need not be adjacent.
//
// Accepted: when append() returns, the entry stands in allocated shared memory (the staging ring,
// whose pages are made present ahead of it) and survives kill -9. Durable: written to
// wal_{sequence:020}.log and fdatasynced by the committer, one sync for all who wait; survives
// power loss. durable <= accepted, always.
//
// Threads. append() from any thread (a mutex orders them; meant for one). commit_step() is the
// committer; start() runs it on a thread, and until then whoever has to wait runs it himself, so
// that a test needs no thread. With the thread, who waits in wait_durable() while it is idle
// commits in its place. Everything else from any thread. close() last, by its owner.
//
// Errors. A sync or write that fails kills the file; what is above durable is rewritten from
// staging to a new file. Where that fails too the log is read-only: append() and wait_durable()
// return the reason (IO_ERROR, DISK_FULL), the committer tries again, and writing goes on by
// itself when it succeeds. Nothing accepted is lost by that, nor ever called durable too early.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

namespace ndts {

struct WalOptions {
  FileSystem* files = nullptr;  // outlives the log
  Clock* clock = nullptr;       // outlives the log
  std::string dir;              // made when missing; nothing else lives in it
  std::string staging_path;     // in shared memory where there is any; its folder must exist
  std::uint64_t staging_bytes = 64u << 20;  // a multiple of 4096, at least 64 KiB
  std::uint64_t file_bytes = 64u << 20;     // a multiple of 4096, at least 64 KiB
  // The same; of the first file after an open, which has to wait until it is made. Not larger than
  // file_bytes, whatever it says.
  std::uint64_t first_file_bytes = 4u << 20;
  std::int64_t commit_interval_ns = 5'000'000;  // how long an entry nobody waits for may linger
  // Entries up to this position are in segments: the position last given to checkpoint().
  std::uint64_t replay_from = 0;
  // open() and start() may start threads; else everything is a step that somebody calls.
  bool threads = false;
  // Called by whoever committed, after each commit, with the new durable position; may be empty.
  // It may ask for positions and nothing else of the log.
  std::function<void(std::uint64_t)> on_durable;
};

// One entry as replay sees it; the payload lives for the call only.
struct WalRecord {
  std::uint32_t kind;
  std::uint32_t shard;
  std::uint64_t position;  // what append() returned for it
  std::uint64_t durable;   // durable position when it was appended, or when it was written
  std::int64_t wall_ns;    // when it was appended
  Bytes payload;
};

// What open() found.
struct WalRecovery {
  std::uint64_t replayed_entries = 0;  // handed to the callback, from files and staging
  std::uint64_t staged_entries = 0;    // of these, from staging only
  std::uint64_t torn_bytes = 0;        // left behind at the end of the last file
  std::string torn_file;               // where, when torn_bytes > 0
  std::uint64_t torn_offset = 0;
  std::uint64_t files_read = 0;
  bool clean = false;                  // the log was closed by close()
};

struct WalStats {
  std::uint64_t appends = 0;
  std::uint64_t append_waits = 0;    // appends that waited for staging memory or for a file
  std::uint64_t append_wait_ns = 0;
  std::uint64_t commits = 0;         // successful syncs that moved durable
  std::uint64_t rolls = 0;           // files begun since open
  std::uint64_t failed_files = 0;    // files given up after a failed write or sync
  std::uint64_t files = 0;
  std::uint64_t bytes_retained = 0;  // on disk, the prepared file included
};

class Wal {
 public:
  using Replay = std::function<Status(const WalRecord&)>;

  // Replays every entry above replay_from in order, first the files', then the staged ones,
  // copies what only staging held to a new synced file, and only then returns. A callback that
  // fails ends the open with its Status. CORRUPT names file and offset when bytes that were
  // durable are damaged or missing; a torn tail is not an error (see recovery()).
  [[nodiscard]] static Status open(const WalOptions& options, const Replay& replay,
                                   std::unique_ptr<Wal>* wal);
  virtual ~Wal() = default;

  // Accepts one entry made of `parts`, in order. kind in [1, 65535]. Waits, counted, while
  // staging is full. NO_SPACE_ACCEPTED when the entry exceeds max_payload_bytes(); DISK_FULL
  // before acceptance when there is no file for it; CLOSED.
  [[nodiscard]] virtual Status append(std::uint32_t kind, std::uint32_t shard,
                                      std::span<const Bytes> parts, std::uint64_t* position) = 0;
  [[nodiscard]] virtual std::uint64_t max_payload_bytes() const = 0;

  [[nodiscard]] virtual std::uint64_t accepted_position() const = 0;
  [[nodiscard]] virtual std::uint64_t durable_position() const = 0;
  // Returns when durable_position() >= position, or why it is not. A position never accepted is
  // INVALID_ARGUMENT.
  [[nodiscard]] virtual Status wait_durable(std::uint64_t position) = 0;
  // Asks for a commit now and does not wait; poll durable_position(). Without a thread: a step.
  virtual void request_commit() = 0;
  // Why the log is read-only now; ok when it is not.
  [[nodiscard]] virtual Status failure() const = 0;

  // One step of the committer: writes and syncs what is accepted, or else prepares a piece of the
  // next file. Returns the work done, 0 when there was none.
  virtual std::uint64_t commit_step() = 0;
  // Runs the committer on a thread of its own until close().
  virtual void start() = 0;

  // Deletes files wholly at or below `position`. The caller's manifest that supersedes them, with
  // the position as next replay_from, must be synced before.
  [[nodiscard]] virtual Status checkpoint(std::uint64_t position) = 0;
  // The position at which the oldest kept file begins.
  [[nodiscard]] virtual std::uint64_t oldest_position() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_retained() const = 0;

  // The epoch of this opening: grows durably at every open, before the first append.
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;
  [[nodiscard]] virtual const WalRecovery& recovery() const = 0;
  [[nodiscard]] virtual WalStats stats() const = 0;

  // Commits everything, marks the end as clean, stops the thread. Twice is allowed. The
  // destructor closes too; a failure is then only visible at the next open.
  [[nodiscard]] virtual Status close() = 0;
  // For tests: ends as kill -9 would. Nothing more is written; the log is closed.
  virtual void abandon() = 0;
};

}  // namespace ndts
