#include "ring/ring_memory.h"

#include <bit>
#include <cstring>

#include "ring/ring_line.h"

namespace ndts {
namespace {

constexpr std::size_t kPageBytes = 4096;

std::uint64_t ring_bytes(const RingShape& shape) {
  return sizeof(RingHeader) + std::uint64_t{shape.slot_count} * shape.slot_bytes;
}

Status check_shape(const RingShape& shape, const std::string& path) {
  const auto wrong = [&path](const std::string& message) {
    return Status(Code::kInvalidArgument, message, path);
  };
  if (shape.slot_bytes == 0 || shape.slot_bytes % 8 != 0 || shape.slot_bytes > kRingSlotBytesMax)
    return wrong("expected slot bytes to be a multiple of 8 up to " +
                 std::to_string(kRingSlotBytesMax) + ", found " +
                 std::to_string(shape.slot_bytes));
  if (!std::has_single_bit(shape.slot_count) || shape.slot_count < kRingSlotsMin ||
      shape.slot_count > kRingSlotsMax)
    return wrong("expected a slot count that is a power of two from " +
                 std::to_string(kRingSlotsMin) + " to " + std::to_string(kRingSlotsMax) +
                 ", found " + std::to_string(shape.slot_count));
  if (shape.epoch == 0 || shape.epoch > kRingNumberMax)
    return wrong("expected an epoch from 1 to 2^53 - 1, found " + std::to_string(shape.epoch));
  if (shape.first_sequence > kRingNumberMax)
    return wrong("expected a first sequence below 2^53, found " +
                 std::to_string(shape.first_sequence));
  const auto kind = static_cast<std::uint32_t>(shape.kind);
  if (kind < static_cast<std::uint32_t>(RecordKind::kTick) ||
      kind > static_cast<std::uint32_t>(RecordKind::kSignal))
    return wrong("unknown record kind " + std::to_string(kind));
  return Status::success();
}

// Fills fresh, zero memory.
void write_header(RingHeader* header, const RingShape& shape) {
  header->magic = kRingMagic;
  header->version = kRingVersion;
  header->record_kind = static_cast<std::uint32_t>(shape.kind);
  header->slot_bytes = shape.slot_bytes;
  header->slot_count = shape.slot_count;
  header->shard = shape.owner;
  header->epoch = shape.epoch;
  header->first_sequence = shape.first_sequence;
  for (RingLine* line : {&header->intent, &header->tail, &header->accepted})
    publish_line(line, shape.first_sequence, shape.epoch);
  for (RingLine* line :
       {&header->durable, &header->replicated, &header->sealed, &header->heartbeat})
    publish_line(line, 0, shape.epoch);
}

// Brings every page in now, so that the first lap of a reader takes no faults.
void touch_pages(Bytes bytes) {
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += kPageBytes) {
    static_cast<void>(load_word(reinterpret_cast<const std::uint64_t*>(bytes.data() + at)));
  }
}

// Ok when `path` is free or holds a ring of an older epoch.
Status check_replaceable(FileSystem& files, const std::string& path, std::uint64_t epoch) {
  if (!files.exists(path)) return Status::success();
  RingShape found{};
  std::unique_ptr<Mapping> mapping;
  if (!open_ring(files, path, &found, &mapping).ok())
    return Status(Code::kAlreadyExists, "a file that is no ring of this version is there", path);
  if (found.epoch >= epoch)
    return Status(Code::kAlreadyExists,
                  "expected a ring older than epoch " + std::to_string(epoch) + ", found epoch " +
                      std::to_string(found.epoch),
                  path);
  return Status::success();
}

Status fill_new_file(FileSystem& files, const std::string& path, const RingShape& shape,
                     std::unique_ptr<Mapping>* mapping) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kCreate, &file));
  NDTS_TRY(file->allocate(ring_bytes(shape)));
  NDTS_TRY(file->map_shared(mapping));
  write_header(reinterpret_cast<RingHeader*>((*mapping)->writable().data()), shape);
  return Status::success();
}

}  // namespace

Status check_ring_header(const RingHeader& header, std::size_t bytes, const std::string& path,
                         RingShape* shape) {
  if (header.magic != kRingMagic)
    return Status(Code::kCorrupt, "expected the magic of a ring", path, 0);
  if (header.version > kRingVersion)
    return Status(Code::kVersionTooNew,
                  "expected ring version 1, found " + std::to_string(header.version), path,
                  offsetof(RingHeader, version));
  if (header.version == 0)
    return Status(Code::kCorrupt, "ring version 0", path, offsetof(RingHeader, version));
  *shape = {.kind = static_cast<RecordKind>(header.record_kind),
            .slot_bytes = header.slot_bytes,
            .slot_count = header.slot_count,
            .owner = header.shard,
            .epoch = header.epoch,
            .first_sequence = header.first_sequence};
  if (const Status status = check_shape(*shape, path); !status.ok())
    return Status(Code::kCorrupt, "ring header: " + status.message(), path);
  if (bytes != ring_bytes(*shape))
    return Status(Code::kCorrupt,
                  "expected a ring of " + std::to_string(ring_bytes(*shape)) + " bytes, found " +
                      std::to_string(bytes),
                  path);
  const auto zero = [](const std::uint8_t* at, std::size_t count) {
    return all_zero(Bytes(reinterpret_cast<const std::byte*>(at), count));
  };
  if (header.reserved0 != 0 || !zero(header.reserved1, sizeof header.reserved1) ||
      !zero(header.reserved2, sizeof header.reserved2))
    return Status(Code::kCorrupt, "reserved bytes of the ring header are not zero", path);
  return Status::success();
}

Status create_ring(FileSystem& files, const std::string& path, const RingShape& shape,
                   std::unique_ptr<Mapping>* mapping) {
  NDTS_TRY(check_shape(shape, path));
  NDTS_TRY(check_replaceable(files, path, shape.epoch));
  const std::string fresh = path + ".new";
  if (files.exists(fresh)) NDTS_TRY(files.remove(fresh));
  Status status = fill_new_file(files, fresh, shape, mapping);
  if (status.ok()) status = files.rename(fresh, path);
  if (status.ok()) return status;
  mapping->reset();
  // What failed matters more than a temporary file that stays: the next create removes it.
  static_cast<void>(files.remove(fresh));
  return status;
}

Status open_ring(FileSystem& files, const std::string& path, RingShape* shape,
                 std::unique_ptr<Mapping>* mapping) {
  std::unique_ptr<File> file;
  NDTS_TRY(files.open(path, OpenMode::kRead, &file));
  std::unique_ptr<Mapping> found;
  NDTS_TRY(file->map(&found));
  const Bytes bytes = found->bytes();
  if (bytes.size() < sizeof(RingHeader))
    return Status(Code::kCorrupt, "shorter than the header of a ring", path);
  const auto* header = reinterpret_cast<const RingHeader*>(bytes.data());
  NDTS_TRY(found->outcome(check_ring_header(*header, bytes.size(), path, shape), path));
  touch_pages(bytes);
  NDTS_TRY(found->outcome({}, path));
  *mapping = std::move(found);
  return Status::success();
}

}  // namespace ndts
