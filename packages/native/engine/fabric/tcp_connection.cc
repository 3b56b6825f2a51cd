// See tcp_connection.h.
#include "fabric/tcp_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/crc32c.h"
#include "fabric/changing_copy.h"

namespace ndts {

bool TcpConnection::step(bool* worked, Counts* counts) {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    if (send_all() == Sent::kOver) return false;
    if (stuck_) return true;
    if (!answer(counts)) return false;
    if (out_begin_ < out_end_ || direct_bytes_ > 0 || trailer_bytes_ > 0) {
      *worked = true;
      continue;
    }
    if (ended_) return false;
    std::size_t bytes = 0;
    switch (receive_some(socket_, in_.room(), &bytes)) {
      case Moved::kSome:
        in_.arrived(bytes);
        active_ns_ = clock_->monotonic_ns();
        *worked = true;
        break;
      case Moved::kAgain:
        return true;
      case Moved::kOver:
        return false;
    }
  }
  // Others want to be served too; the socket, which takes more, calls at once.
  stuck_ = true;
  return true;
}

void TcpConnection::put(Bytes bytes) {
  std::memcpy(out_.data() + out_end_, bytes.data(), bytes.size());
  out_end_ += bytes.size();
}

// Fills the buffer with answers, up to one long piece behind them.
bool TcpConnection::answer(Counts* counts) {
  constexpr std::size_t kFrameBytes = sizeof(PullReply) + sizeof(PullTrailer);
  while (direct_bytes_ == 0 && room() > kFrameBytes) {
    if (region_ != nullptr) {
      if (!add_piece()) return false;
      if (left_ == 0) region_.reset();
      continue;
    }
    switch (in_.next()) {
      case RequestStream::Found::kNothing:
        return true;
      case RequestStream::Found::kWrong:
        ++counts->refused;
        return false;
      case RequestStream::Found::kHello: {
        const bool known = in_.hello().version == kPullVersion;
        const Code code = known ? Code::kOk : Code::kVersionTooNew;
        put(bytes_of(make_hello(code, kPullReadBytesMax)));
        ended_ = !known;
        if (!known) return true;
        break;
      }
      case RequestStream::Found::kRequest:
        begin_reply(in_.request(), counts);
        break;
    }
  }
  return true;
}

void TcpConnection::refuse(const PullRequest& request, Code code, Counts* counts) {
  ++counts->refused;
  put(bytes_of(make_reply(code, request.id, 0)));
}

void TcpConnection::begin_reply(const PullRequest& request, Counts* counts) {
  std::shared_ptr<Region> region = regions_->find(request.region, request.key);
  std::uint64_t length = 0;
  if (region != nullptr) {
    const MutexLock lock(region->mutex);
    if (region->readable(wall_ms(clock_))) length = region->bytes.size();
  }
  if (length == 0) {
    refuse(request, Code::kLeaseLost, counts);
    return;
  }
  if (request.length > kPullReadBytesMax || request.offset > length ||
      request.length > length - request.offset) {
    refuse(request, Code::kInvalidArgument, counts);
    return;
  }
  ++counts->reads;
  counts->bytes += request.length;
  const std::uint32_t flags = region->proves_itself ? kPullProven : 0;
  const PullReply reply = make_reply(Code::kOk, request.id, request.length, flags);
  put(bytes_of(reply));
  region_ = std::move(region);
  offset_ = request.offset;
  left_ = request.length;
  check_ = reply.check;
}

void TcpConnection::copy_piece(std::size_t bytes) {
  const Bytes from = region_->bytes.subspan(offset_, bytes);
  const MutableBytes to = MutableBytes(out_).subspan(out_end_, bytes);
  out_end_ += bytes;
  if (region_->changes && !region_->proves_itself) {
    check_ = copy_changing_summed(check_, to.data(), from);
    return;
  }
  if (region_->changes) {
    copy_changing(to.data(), from);
  } else {
    std::memcpy(to.data(), from.data(), bytes);
  }
  if (!region_->proves_itself) check_ = crc32c(check_, to);
}

bool TcpConnection::add_piece() {
  const MutexLock lock(region_->mutex);
  if (!region_->open) return false;
  const bool proven = region_->proves_itself;
  const bool copies = left_ <= kCopyBytesMax || (region_->changes && !proven);
  // Room for the trailer is kept.
  const std::size_t direct_most = proven ? kProvenPieceBytes : kPieceBytes;
  const std::size_t most = copies ? room() - sizeof(PullTrailer) : direct_most;
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, most));
  if (copies) {
    copy_piece(bytes);
  } else {
    if (!proven) check_ = crc32c(check_, region_->bytes.subspan(offset_, bytes));
    direct_ = region_;
    direct_offset_ = offset_;
    direct_bytes_ = bytes;
  }
  offset_ += bytes;
  left_ -= bytes;
  if (left_ > 0) return true;
  trailer_ = {.check = check_, .reserved = 0};
  if (copies) {
    put(bytes_of(trailer_));
  } else {
    trailer_bytes_ = sizeof trailer_;
  }
  return true;
}

TcpConnection::Sent TcpConnection::send_all() {
  Sent sent = Sent::kAll;
  while (sent == Sent::kAll && (out_begin_ < out_end_ || direct_bytes_ > 0 || trailer_bytes_ > 0))
    sent = send_pieces();
  if (out_begin_ == out_end_) out_begin_ = out_end_ = 0;
  stuck_ = sent == Sent::kStuck;
  return sent;
}

TcpConnection::Sent TcpConnection::send_pieces() {
  MutexLock lock;
  std::array<iovec, 3> pieces{};
  std::size_t count = 0;
  const auto add = [&](const std::byte* data, std::size_t bytes) {
    if (bytes > 0) pieces[count++] = {const_cast<std::byte*>(data), bytes};
  };
  add(out_.data() + out_begin_, out_end_ - out_begin_);
  if (direct_bytes_ > 0) {
    lock = MutexLock(direct_->mutex);
    if (!direct_->open) return Sent::kOver;
    add(direct_->bytes.data() + direct_offset_, direct_bytes_);
  }
  add(reinterpret_cast<const std::byte*>(&trailer_) + sizeof trailer_ - trailer_bytes_,
      trailer_bytes_);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  const ssize_t result = sendmsg(socket_.descriptor(), &message, MSG_NOSIGNAL);
  if (result < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Sent::kStuck : Sent::kOver;
  active_ns_ = clock_->monotonic_ns();
  auto sent = static_cast<std::size_t>(result);
  const auto take = [&sent](std::size_t have) {
    const std::size_t taken = std::min(sent, have);
    sent -= taken;
    return taken;
  };
  out_begin_ += take(out_end_ - out_begin_);
  const std::size_t of_memory = take(direct_bytes_);
  direct_offset_ += of_memory;
  direct_bytes_ -= of_memory;
  trailer_bytes_ -= take(trailer_bytes_);
  lock = MutexLock();
  if (direct_bytes_ == 0) direct_.reset();
  return Sent::kAll;
}

}  // namespace ndts
