// See pulled_ring.h.
#include "fabric/pulled_ring.h"

#include <algorithm>
#include <utility>

#include "ring/row_rings.h"
#include "ring/slot_voids.h"

namespace ndts {
namespace {

constexpr std::uint64_t kHeaderRead = 0;
constexpr std::uint64_t kSlotRead = 1;

template <typename Record>
bool is_ring_of(const RingShape& shape) {
  return shape.kind == Record::kKind && shape.slot_bytes == sizeof(typename Record::Slot);
}

// What its file is named after; empty for a ring whose slots have no void.
std::string_view ring_of(const RingShape& shape) {
  if (is_ring_of<TickRecord>(shape)) return TickRecord::kRing;
  if (is_ring_of<TradeRecord>(shape)) return TradeRecord::kRing;
  if (is_ring_of<BookRecord>(shape)) return BookRecord::kRing;
  return {};
}

}  // namespace

PulledRing::~PulledRing() {
  // Its readers keep what they have mapped. One that cannot be removed is removed by the next.
  if (mirrored_) static_cast<void>(files_->remove(path_));
}

void PulledRing::stop(Status why) {
  end_ = std::move(why);
  phase_ = Phase::kIdle;
}

void PulledRing::restart() {
  phase_ = Phase::kIdle;
  planned_ = 0;
  posted_ = 0;
  outstanding_ = 0;
}

void PulledRing::post(MemoryReader* reader) {
  if (!end_.ok()) return;
  if (phase_ == Phase::kSlots) {
    // The header is asked for when no slot is missing any more.
    if (!post_slots(reader) || outstanding_ > 0) return;
    phase_ = Phase::kIdle;
  }
  if (phase_ != Phase::kIdle || reader->in_flight() >= kPullInFlightMax) return;
  if (grant_.length < sizeof(RingHeader))
    return stop(Status(Code::kCorrupt, "shorter than the header of a ring", grant_.address));
  const Status status = reader->post(grant_, 0, memory_.first(sizeof(RingHeader)),
                                     tag_ + kHeaderRead, options_.timeout_ns);
  if (!status.ok()) return;  // not connected: the owner knows
  ++counters_.header_reads;
  phase_ = Phase::kHeader;
}

// True when all reads of the round have been posted.
bool PulledRing::post_slots(MemoryReader* reader) {
  const std::uint64_t read_slots =
      std::max<std::uint64_t>(1, options_.read_bytes / shape_.slot_bytes);
  while (posted_ < planned_) {
    if (reader->in_flight() >= kPullInFlightMax) return false;
    const std::uint64_t place = (mirror_.next() + posted_) & (shape_.slot_count - 1);
    const std::uint64_t count =
        std::min({planned_ - posted_, read_slots, shape_.slot_count - place});
    const MutableBytes into = memory_.subspan(kHeaderBytes + posted_ * shape_.slot_bytes,
                                              count * shape_.slot_bytes);
    const Status status = reader->post(grant_, sizeof(RingHeader) + place * shape_.slot_bytes,
                                       into, tag_ + kSlotRead, options_.timeout_ns);
    if (!status.ok()) return false;
    posted_ += count;
    ++outstanding_;
  }
  return true;
}

std::uint64_t PulledRing::completed(const Completion& completion) {
  if (!end_.ok() || phase_ == Phase::kIdle) return 0;
  const Status& status = completion.status;
  if (!status.ok()) {
    if (status.code() == Code::kLeaseLost || status.code() == Code::kInvalidArgument) stop(status);
    return 0;  // else the connection is over, and restart() follows
  }
  if (completion.tag == tag_ + kHeaderRead) {
    phase_ = Phase::kIdle;
    return take_header();
  }
  --outstanding_;
  return 1;
}

std::uint64_t PulledRing::take_header() {
  // Copied, so that it is aligned and the reads below see one state of it.
  const auto header = load<RingHeader>(memory_.data());
  RingShape shape{};
  const Status known = check_ring_header(header, grant_.length, grant_.address, &shape);
  if (!known.ok()) {
    stop(known);
    return 0;
  }
  if (mirrored_ && shape.epoch != shape_.epoch) {
    stop(Status(Code::kWrongEpoch,
                "expected epoch " + std::to_string(shape_.epoch) + ", found " +
                    std::to_string(shape.epoch),
                grant_.address));
    return 0;
  }
  std::uint64_t tail = 0;
  std::uint64_t intent = 0;
  if (!read_line(&header.tail, shape.epoch, &tail) ||
      !read_line(&header.intent, shape.epoch, &intent)) {
    ++counters_.header_retries;
    return 0;
  }
  if (!mirrored_) {
    shape_ = shape;
    const Status made = make_mirror(tail, intent);
    if (!made.ok()) {
      stop(made);
      return 0;
    }
  }
  const std::uint64_t before = mirror_.next();
  if (tail < before) {
    stop(Status(Code::kCorrupt, "the tail of a ring went back", grant_.address));
    return 0;
  }
  publish_slots(intent, tail);
  if (mirror_.next() > before && bell_.is_open()) bell_.ring();
  raise_marks(header);
  plan_slots(tail);
  return mirror_.next() - before;
}

Status PulledRing::make_mirror(std::uint64_t tail, std::uint64_t intent) {
  const std::string_view ring = ring_of(shape_);
  if (ring.empty())
    return Status(Code::kInvalidArgument, "only rings of ticks, trades and books can be pulled",
                  grant_.address);
  const std::uint64_t held = intent < shape_.slot_count ? 0 : intent - shape_.slot_count;
  RingShape shape = shape_;
  shape.first_sequence =
      options_.from_tail ? tail : std::min(std::max(shape_.first_sequence, held), tail);
  path_ = options_.dir + "/" + row_ring_name(ring, shape_.owner, shape_.epoch);
  // Before the mirror, whose readers look for it once. Without one they nap.
  const std::string bell = options_.dir + "/" + std::string(ring) + ".bell";
  static_cast<void>(RingBell::create(*files_, bell, &bell_));
  // The mirror of a puller that died: whoever has it mapped keeps it.
  if (files_->exists(path_)) NDTS_TRY(files_->remove(path_));
  NDTS_TRY(RingWriter::create(*files_, path_, shape, &mirror_));
  mirrored_ = true;
  return Status::success();
}

// What the last round copied, as far as it was not overtaken meanwhile.
void PulledRing::publish_slots(std::uint64_t intent, std::uint64_t tail) {
  const std::uint64_t held = intent < shape_.slot_count ? 0 : intent - shape_.slot_count;
  const std::uint64_t first = mirror_.next();
  const std::uint64_t lost = held <= first ? 0 : std::min(held - first, planned_);
  if (lost > 0) publish_voids(&mirror_, first + lost, kMissedFlag);
  if (lost < planned_)
    mirror_.publish(memory_.data() + kHeaderBytes + lost * shape_.slot_bytes, planned_ - lost);
  counters_.voids += lost;
  counters_.slots += planned_ - lost;
  planned_ = 0;
  posted_ = 0;
  // Away from the writer, or the next round would be overtaken as well.
  if (held <= mirror_.next()) return;
  const std::uint64_t until = std::min(held + shape_.slot_count / 4, tail);
  if (until <= mirror_.next()) return;
  counters_.voids += until - mirror_.next();
  publish_voids(&mirror_, until, kMissedFlag);
}

void PulledRing::raise_marks(const RingHeader& header) {
  const auto value = [this](const RingLine& line) {
    std::uint64_t found = 0;
    return read_line(&line, shape_.epoch, &found) ? found : 0;
  };
  mirror_.set_accepted(value(header.accepted));
  mirror_.set_durable(value(header.durable));
  mirror_.set_replicated(value(header.replicated));
  mirror_.set_sealed(value(header.sealed));
  // Clocks of two hosts do not compare: the mirror says when the writer was last seen alive.
  const std::uint64_t beat = value(header.heartbeat);
  if (beat == 0 || beat == heartbeat_) return;
  heartbeat_ = beat;
  mirror_.heartbeat(static_cast<std::uint64_t>(clock_->monotonic_ns()));
}

void PulledRing::plan_slots(std::uint64_t tail) {
  const std::uint64_t room = (memory_.size() - kHeaderBytes) / shape_.slot_bytes;
  planned_ = std::min({tail - mirror_.next(), room, std::uint64_t{shape_.slot_count / 2}});
  if (planned_ > 0) phase_ = Phase::kSlots;
}

}  // namespace ndts
