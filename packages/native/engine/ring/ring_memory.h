// Making and finding the memory of a ring: a file, in shared memory, that holds a RingHeader and
// slot_count slots. docs/protocol/ring.md is the page one could implement from.
//
// A ring is made under a temporary name and appears complete under its own. It is never
// initialised again in place: a new epoch is a new file, and who has the old one mapped keeps it.
// Blocks are allocated and pages mapped before use, so that no store meets a full disk or a fault.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "generated/constants.h"
#include "generated/layouts.h"

namespace ndts {

// "NDTSRING" read as a little-endian number.
inline constexpr std::uint64_t kRingMagic = 0x474E'4952'5354'444E;
inline constexpr std::uint32_t kRingVersion = 1;
inline constexpr std::uint32_t kRingSlotsMin = 8;
inline constexpr std::uint32_t kRingSlotsMax = 1u << 26;
inline constexpr std::uint32_t kRingSlotBytesMax = 4096;
// Sequences and epochs cross into JavaScript as float64.
inline constexpr std::uint64_t kRingNumberMax = (std::uint64_t{1} << 53) - 1;

// What stands in the first line of the header.
struct RingShape {
  RecordKind kind;
  std::uint32_t slot_bytes;      // a multiple of 8
  std::uint32_t slot_count;      // a power of two
  std::uint32_t owner;           // shard or strategy instance
  std::uint64_t epoch;           // not 0
  std::uint64_t first_sequence;  // of the first slot ever written here
};

// Creates the ring, 0600. A ring of an older epoch at `path` is replaced; one of this or a newer
// epoch, or anything else, is ALREADY_EXISTS. INVALID_ARGUMENT for a shape out of its limits,
// DISK_FULL, IO_ERROR; nothing is left behind on failure.
[[nodiscard]] Status create_ring(FileSystem& files, const std::string& path,
                                 const RingShape& shape, std::unique_ptr<Mapping>* mapping);

// Maps a ring read-only. NOT_FOUND; CORRUPT for what is no ring, or a ring of another size than its
// header says; VERSION_TOO_NEW.
[[nodiscard]] Status open_ring(FileSystem& files, const std::string& path, RingShape* shape,
                               std::unique_ptr<Mapping>* mapping);

// Whether a header, wherever it was copied from, is that of a ring of `bytes` bytes; the shape it
// says. The lines are not looked at. CORRUPT or VERSION_TOO_NEW; `path` is for the message.
[[nodiscard]] Status check_ring_header(const RingHeader& header, std::size_t bytes,
                                       const std::string& path, RingShape* shape);

}  // namespace ndts
