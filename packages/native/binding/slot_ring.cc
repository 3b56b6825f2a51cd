// Rings of raw slots for JavaScript: converts and calls.

#include <napi.h>

#include <memory>
#include <string>

#include "arguments.h"
#include "disk.h"
#include "errors.h"
#include "parts.h"
#include "ring/ring.h"

namespace ndts::binding {
namespace {

struct SlotSpan {
  std::byte* data;
  std::size_t bytes;
};

SlotSpan slot_bytes(Napi::Env env, const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw_code(env, Code::kInvalidArgument, "expected a Uint8Array of slots");
  auto array = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<std::byte*>(array.Data()), array.ByteLength()};
}

class SlotRingWriterWrap : public Napi::ObjectWrap<SlotRingWriterWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = SlotRingWriterWrap;
    return DefineClass(env, "SlotRingWriter",
                       {InstanceMethod<&Wrap::publish>("publish"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (path, kind, slotBytes, slotCount, owner, epoch, firstSequence)
  explicit SlotRingWriterWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<SlotRingWriterWrap>(info) {
    const Napi::Env env = info.Env();
    const auto small = [&info, env](std::size_t i, const char* name) {
      return static_cast<std::uint32_t>(whole_number(env, info[i], name, UINT32_MAX));
    };
    const RingShape shape{.kind = static_cast<RecordKind>(small(1, "kind")),
                          .slot_bytes = small(2, "slotBytes"),
                          .slot_count = small(3, "slotCount"),
                          .owner = small(4, "owner"),
                          .epoch = whole_number(env, info[5], "epoch"),
                          .first_sequence = whole_number(env, info[6], "firstSequence")};
    auto made = std::make_unique<RingWriter>();
    check(env, RingWriter::create(disk(), text(env, info[0], "path"), shape, made.get()));
    writer_ = std::move(made);
  }

 private:
  // (slots, count)
  void publish(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!writer_) throw_code(env, Code::kClosed, "the ring writer is closed");
    const SlotSpan slots = slot_bytes(env, info[0]);
    const std::size_t room = slots.bytes / writer_->shape().slot_bytes;
    writer_->publish(slots.data,
                     whole_number(env, info[1], "count", static_cast<double>(room)));
  }

  void close(const Napi::CallbackInfo&) { writer_.reset(); }

  std::unique_ptr<RingWriter> writer_;
};

class SlotRingReaderWrap : public Napi::ObjectWrap<SlotRingReaderWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Wrap = SlotRingReaderWrap;
    return DefineClass(env, "SlotRingReader",
                       {InstanceMethod<&Wrap::poll>("poll"),
                        InstanceMethod<&Wrap::next_sequence>("nextSequence"),
                        InstanceMethod<&Wrap::lapped>("lapped"),
                        InstanceMethod<&Wrap::close>("close")});
  }

  // (path, 'oldest' | 'tail' | sequence)
  explicit SlotRingReaderWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<SlotRingReaderWrap>(info) {
    const Napi::Env env = info.Env();
    const std::string path = text(env, info[0], "path");
    auto made = std::make_unique<RingReader>();
    check(env, RingReader::open(disk(), path, made.get()));
    RingStart start;
    if (!info[1].IsString()) {
      start = {RingStart::Kind::kAt, made->shape().epoch, whole_number(env, info[1], "from")};
    } else if (text(env, info[1], "from") == "tail") {
      start.kind = RingStart::Kind::kTail;
    }
    check(env, made->start(start));
    reader_ = std::move(made);
  }

 private:
  RingReader& open(Napi::Env env) {
    if (!reader_) throw_code(env, Code::kClosed, "the ring reader is closed");
    return *reader_;
  }

  Napi::Value poll(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RingReader& reader = open(env);
    const SlotSpan into = slot_bytes(env, info[0]);
    const std::uint64_t room = into.bytes / reader.shape().slot_bytes;
    return Napi::Number::New(env, static_cast<double>(reader.read(into.data, room)));
  }

  Napi::Value next_sequence(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(open(info.Env()).next()));
  }

  Napi::Value lapped(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(open(info.Env()).lapped()));
  }

  void close(const Napi::CallbackInfo&) { reader_.reset(); }

  std::unique_ptr<RingReader> reader_;
};

}  // namespace

void init_slot_ring(Napi::Env env, Napi::Object exports) {
  exports.Set("SlotRingWriter", SlotRingWriterWrap::define(env));
  exports.Set("SlotRingReader", SlotRingReaderWrap::define(env));
}

}  // namespace ndts::binding
