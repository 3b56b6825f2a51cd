#include "ring/ring.h"

#include <time.h>

#include <cstring>
#include <utility>

namespace ndts {
namespace {

// A writer that was suspended between the stores of a line goes on when the scheduler pleases: who
// begins gives way to it for a while, and only then takes it for dead.
bool settle_line(const RingLine* line, std::uint64_t epoch, std::uint64_t* value) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 100'000};
  constexpr int kPauses = 2'000;
  for (int i = 0; i < kPauses; ++i) {
    if (await_line(line, epoch, value)) return true;
    nanosleep(&kPause, nullptr);  // ambient: the other process decides when it goes on
  }
  return false;
}

}  // namespace

Status RingWriter::create(FileSystem& files, const std::string& path, const RingShape& shape,
                          RingWriter* writer) {
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(create_ring(files, path, shape, &mapping));
  std::byte* memory = mapping->writable().data();
  writer->header_ = reinterpret_cast<RingHeader*>(memory);
  writer->slots_ = reinterpret_cast<std::uint64_t*>(memory + sizeof(RingHeader));
  writer->mapping_ = std::move(mapping);
  writer->path_ = path;
  writer->shape_ = shape;
  writer->mask_ = shape.slot_count - 1;
  writer->words_ = shape.slot_bytes / 8;
  writer->next_ = shape.first_sequence;
  writer->marks_[0] = shape.first_sequence;
  return Status::success();
}

void RingWriter::publish(const std::byte* slots, std::uint64_t count) {
  const std::uint64_t step_max = shape_.slot_count / 2;
  while (count > 0) {
    const std::uint64_t step = std::min(count, step_max);
    announce(step);
    fence_release();
    for (std::uint64_t i = 0; i < step; ++i) {
      std::uint64_t* to = slot(next_ + i);
      for (std::uint64_t word = 0; word < words_; ++word) {
        store_word(to + word, load<std::uint64_t>(slots));
        slots += 8;
      }
    }
    commit(step);
    count -= step;
  }
}

Status RingReader::open(FileSystem& files, const std::string& path, RingReader* reader) {
  RingShape shape{};
  std::unique_ptr<Mapping> mapping;
  NDTS_TRY(open_ring(files, path, &shape, &mapping));
  const std::byte* memory = mapping->bytes().data();
  reader->header_ = reinterpret_cast<const RingHeader*>(memory);
  reader->slots_ = reinterpret_cast<const std::uint64_t*>(memory + sizeof(RingHeader));
  reader->mapping_ = std::move(mapping);
  reader->shape_ = shape;
  reader->mask_ = shape.slot_count - 1;
  reader->words_ = shape.slot_bytes / 8;
  reader->path_ = path;
  return reader->start(RingStart{});
}

Status RingReader::start(const RingStart& start) {
  std::uint64_t intent = 0;
  if (!settle_line(&header_->tail, shape_.epoch, &tail_) ||
      !settle_line(&header_->intent, shape_.epoch, &intent))
    return Status(Code::kUnavailable, "the ring's writer stopped in the middle of a line", path_);
  const std::uint64_t first = shape_.first_sequence;
  const std::uint64_t held = intent < shape_.slot_count ? 0 : intent - shape_.slot_count;
  switch (start.kind) {
    case RingStart::Kind::kOldest:
      next_ = std::min(std::max(first, held), tail_);
      return Status::success();
    case RingStart::Kind::kTail:
      next_ = tail_;
      return Status::success();
    case RingStart::Kind::kAt:
      break;
  }
  const std::string found = "(epoch " + std::to_string(start.epoch) + ", sequence " +
                            std::to_string(start.sequence) + ")";
  const std::string ring = "epoch " + std::to_string(shape_.epoch) + " from " +
                           std::to_string(first) + " to " + std::to_string(tail_);
  if (start.epoch > shape_.epoch || (start.epoch < shape_.epoch && start.sequence > first))
    return Status(Code::kWrongEpoch, "position " + found + " is not of this ring: " + ring, path_);
  if (start.sequence > tail_)
    return Status(Code::kInvalidArgument, "position " + found + " is beyond the ring: " + ring,
                  path_);
  next_ = std::max(start.sequence, first);
  lapped_ = next_ - start.sequence;
  return Status::success();
}

RingMarks RingReader::marks() const {
  // A writer killed inside a line leaves the check behind; the value is whole on this host.
  const auto value = [this](const RingLine* line) {
    std::uint64_t found = 0;
    static_cast<void>(await_line(line, shape_.epoch, &found));
    return found;
  };
  return {.epoch = shape_.epoch,
          .tail = value(&header_->tail),
          .accepted = value(&header_->accepted),
          .durable = value(&header_->durable),
          .replicated = value(&header_->replicated),
          .sealed = value(&header_->sealed),
          .heartbeat_ns = value(&header_->heartbeat)};
}

void RingReader::refresh() {
  std::uint64_t found = 0;
  if (!await_line(&header_->tail, shape_.epoch, &found)) return;
  tail_ = std::max(found, tail_);
  if (tail_ - next_ > shape_.slot_count) skip_to(tail_ - shape_.slot_count / 4 * 3);
}

void RingReader::skip_to(std::uint64_t sequence) {
  if (sequence <= next_) return;
  lapped_ += sequence - next_;
  next_ = sequence;
}

bool RingReader::pass(std::uint64_t count, std::uint64_t* overtaken) {
  fence_acquire();
  std::uint64_t intent = 0;
  if (!await_line(&header_->intent, shape_.epoch, &intent)) return false;
  const std::uint64_t held = intent < shape_.slot_count ? 0 : intent - shape_.slot_count;
  const std::uint64_t lost = held <= next_ ? 0 : std::min(held - next_, count);
  next_ += count;
  lapped_ += lost;
  *overtaken = lost;
  if (lost == count) {
    // Nothing of it was left: the slots behind it are gone too.
    std::uint64_t found = 0;
    if (await_line(&header_->tail, shape_.epoch, &found)) tail_ = std::max(found, tail_);
    const std::uint64_t margin = shape_.slot_count / 4;
    skip_to(std::min(held + margin, tail_));
  }
  return true;
}

std::uint64_t RingReader::read(std::byte* into, std::uint64_t capacity) {
  const std::uint64_t count = std::min(ready(), capacity);
  if (count == 0) return 0;
  std::byte* to = into;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t* from = slot(next_ + i);
    for (std::uint64_t word = 0; word < words_; ++word) {
      store(to, load_word(from + word));
      to += 8;
    }
  }
  std::uint64_t overtaken = 0;
  if (!pass(count, &overtaken)) return 0;
  const std::size_t slot_bytes = shape_.slot_bytes;
  if (overtaken > 0)
    std::memmove(into, into + overtaken * slot_bytes, (count - overtaken) * slot_bytes);
  return count - overtaken;
}

}  // namespace ndts
