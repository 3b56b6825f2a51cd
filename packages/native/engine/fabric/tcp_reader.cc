// See tcp_reader.h.
#include "fabric/tcp_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/crc32c.h"

namespace ndts {
namespace {

Status gone(const std::string& address) {
  return Status(Code::kUnavailable, "the connection to " + address + " ended");
}

Status wrong(const std::string& address, const char* what) {
  return Status(Code::kUnavailable, std::string(what) + " from " + address);
}

}  // namespace

Status TcpReader::attach(std::int64_t timeout_ns, std::span<const MutableBytes>) {
  const std::int64_t deadline_ns = clock()->monotonic_ns() + timeout_ns;
  NDTS_TRY(connect_to(address_, deadline_ns, clock(), &socket_));
  const Status status = greet(deadline_ns);
  if (!status.ok()) drop();
  return status;
}

Status TcpReader::greet(std::int64_t deadline_ns) {
  const PullHello own = make_hello(Code::kOk, 0);
  std::size_t bytes = 0;
  if (send_some(socket_, bytes_of(own), &bytes) != Moved::kSome || bytes != sizeof own)
    return gone(address_);
  std::array<std::byte, sizeof(PullHello)> answer;
  for (std::size_t have = 0; have < answer.size();) {
    const Moved moved = receive_some(socket_, MutableBytes(answer).subspan(have), &bytes);
    if (moved == Moved::kOver) return gone(address_);
    if (moved == Moved::kSome) have += bytes;
    if (moved == Moved::kAgain)
      await_socket(socket_, false, deadline_ns - clock()->monotonic_ns());
    if (have < answer.size() && clock()->monotonic_ns() >= deadline_ns)
      return Status(Code::kTimeout, "no greeting from " + address_ + " in time");
  }
  const auto hello = load<PullHello>(answer.data());
  if (!frame_holds(hello) || hello.magic != kPullMagic)
    return wrong(address_, "no greeting of a pull server");
  if (hello.code == static_cast<std::uint32_t>(Code::kVersionTooNew))
    return Status(Code::kVersionTooNew, address_ + " does not speak version 1 of pulls");
  if (hello.code != 0)
    return Status(Code::kRateLimited, address_ + " has as many readers as it takes");
  return Status::success();
}

void TcpReader::drop() {
  socket_.close();
  out_.clear();
  out_begin_ = 0;
  asked_begin_ = asked_end_ = 0;
  first_id_ = next_id_;
  expect_ = Expect::kReply;
  in_begin_ = in_end_ = 0;
}

void TcpReader::issue(std::uint32_t slot) {
  const Pending& read = pending(slot);
  const PullRequest request = make_request(read.region, read.key, next_id_++, read.offset,
                                           static_cast<std::uint32_t>(read.into.size()));
  const Bytes bytes = bytes_of(request);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  asked_[asked_end_++ % kPullInFlightMax] = slot;
}

bool TcpReader::send_requests() {
  while (out_begin_ < out_.size()) {
    std::size_t bytes = 0;
    switch (send_some(socket_, Bytes(out_).subspan(out_begin_), &bytes)) {
      case Moved::kSome:
        out_begin_ += bytes;
        break;
      case Moved::kAgain:
        return true;
      case Moved::kOver:
        return false;
    }
  }
  out_.clear();
  out_begin_ = 0;
  return true;
}

void TcpReader::pump() {
  // What was answered before the connection ended still counts.
  const bool sent = send_requests();
  for (;;) {
    if (!take_buffer()) return fail(wrong(address_, "a wrong frame or checksum"));
    switch (receive()) {
      case Moved::kSome:
        break;
      case Moved::kAgain:
        if (!sent) fail(gone(address_));
        return;
      case Moved::kOver:
        return fail(gone(address_));
    }
  }
}

void TcpReader::nap(std::int64_t ns) {
  await_socket(socket_, out_begin_ < out_.size(), ns);
}

void TcpReader::took(std::size_t bytes) {
  const MutableBytes into = pending(front()).into;
  if (!proven_) check_ = crc32c(check_, into.subspan(filled_, bytes));
  filled_ += bytes;
  if (filled_ == into.size()) expect_ = Expect::kTrailer;
}

MutableBytes TcpReader::room() {
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  // What is buffered is less than a frame here, or the end of a short answer.
  const bool replied = expect_ != Expect::kReply;
  const std::uint64_t next = asked_begin_ + (replied ? 1 : 0);
  std::size_t frames = sizeof(PullReply) + (replied ? sizeof(PullTrailer) : 0);
  if (expect_ == Expect::kPayload) {
    const std::size_t left = pending(front()).into.size() - filled_;
    if (left <= kLongBytes) frames += left;
  }
  const bool is_long = next < asked_end_ && pending(asked_[next % kPullInFlightMax]).into.size() >
                                                kLongBytes;
  return MutableBytes(in_).first(is_long ? std::max(frames, in_end_ + 1) : in_.size())
      .subspan(in_end_);
}

Moved TcpReader::receive() {
  std::size_t bytes = 0;
  const std::size_t left =
      expect_ == Expect::kPayload ? pending(front()).into.size() - filled_ : 0;
  if (left <= kLongBytes) {
    const Moved moved = receive_some(socket_, room(), &bytes);
    if (moved == Moved::kSome) in_end_ += bytes;
    return moved;
  }
  const MutableBytes into = pending(front()).into.subspan(filled_, std::min(left, kPieceBytes));
  const Moved moved = left > into.size() ? receive_some(socket_, into, &bytes)
                                         : receive_both(socket_, into, room(), &bytes);
  if (moved != Moved::kSome) return moved;
  const std::size_t direct = std::min(bytes, into.size());
  in_end_ += bytes - direct;
  took(direct);
  return moved;
}

void TcpReader::finish_front(Status status) {
  const std::uint32_t slot = front();
  ++asked_begin_;
  ++first_id_;
  expect_ = Expect::kReply;
  finish(slot, std::move(status));
}

bool TcpReader::take_reply() {
  const auto reply = load<PullReply>(in_.data() + in_begin_);
  in_begin_ += sizeof reply;
  if (!frame_holds(reply) || asked_begin_ == asked_end_ || reply.id != first_id_) return false;
  if (reply.code == static_cast<std::uint32_t>(Code::kOk)) {
    if (reply.length != pending(front()).into.size()) return false;
    expect_ = Expect::kPayload;
    filled_ = 0;
    check_ = reply.check;
    proven_ = (reply.flags & kPullProven) != 0;
    return true;
  }
  if (reply.length != 0) return false;
  if (reply.code == static_cast<std::uint32_t>(Code::kLeaseLost)) {
    finish_front(
        Status(Code::kLeaseLost, "the key of the grant is wrong, expired or revoked", address_));
    return true;
  }
  if (reply.code != static_cast<std::uint32_t>(Code::kInvalidArgument)) return false;
  finish_front(Status(Code::kInvalidArgument, "the range is outside the memory", address_));
  return true;
}

bool TcpReader::take_buffer() {
  for (;;) {
    const std::size_t have = in_end_ - in_begin_;
    switch (expect_) {
      case Expect::kReply:
        if (have < sizeof(PullReply)) return true;
        if (!take_reply()) return false;
        break;
      case Expect::kPayload: {
        if (have == 0) return true;
        const MutableBytes into = pending(front()).into.subspan(filled_);
        const std::size_t bytes = std::min(have, into.size());
        std::memcpy(into.data(), in_.data() + in_begin_, bytes);
        in_begin_ += bytes;
        took(bytes);
        break;
      }
      case Expect::kTrailer: {
        if (have < sizeof(PullTrailer)) return true;
        const auto trailer = load<PullTrailer>(in_.data() + in_begin_);
        in_begin_ += sizeof trailer;
        if (trailer.check != check_ || trailer.reserved != 0) return false;
        finish_front(Status::success());
        break;
      }
    }
  }
}

}  // namespace ndts
