// The bell beside the rings of one writer: how a reader sleeps until something is published, and
// the writer makes no system call while nobody does.
//
//   reader   ticket := rung    sleeping := 1    full fence    looks at the rings once more,
//                                                             sleeps while rung is the ticket
//   writer   tails             full fence       sleeping = 1? then sleeping := 0, rung + 1, wakes
//
// One of the two sees the other's store: the reader the tail, or the writer that somebody sleeps.
// Every sleeper is woken and says again that it sleeps, so one that died costs one call, once.
//
// It is a file of its own because readers write to it, and never to a ring. What they write can
// wake somebody too early or too late, no more: nobody sleeps longer than kRestNsMax at once. The
// file stays when its writer closes, and the next one takes it over: it says nothing that can be
// old. Threads: any; one handle belongs to one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "generated/layouts.h"

namespace ndts {

class RingBell {
 public:
  static constexpr std::int64_t kRestNsMax = 1'000'000'000;

  // As the writer: makes the file where there is none, 0600. DISK_FULL, IO_ERROR.
  [[nodiscard]] static Status create(FileSystem& files, const std::string& path, RingBell* bell);
  // As a reader. NOT_FOUND, READ_ONLY for who may not write to it, CORRUPT for a file too short.
  [[nodiscard]] static Status open(FileSystem& files, const std::string& path, RingBell* bell);

  [[nodiscard]] bool is_open() const { return line_ != nullptr; }

  // After the tails. A fence and a load while nobody sleeps.
  void ring();
  // Says that the caller may sleep; it looks at the rings once more, then rests with the ticket.
  [[nodiscard]] std::uint32_t prepare();
  // Returns when it was rung since prepare(), after `ns`, or for no reason at all.
  void rest(std::uint32_t ticket, std::int64_t ns);

 private:
  [[nodiscard]] Status map(File* file);

  std::unique_ptr<Mapping> mapping_;
  BellLine* line_ = nullptr;
};

// For who has no bell: returns after `ns`, or for no reason at all.
void rest_without_bell(std::int64_t ns);

}  // namespace ndts
