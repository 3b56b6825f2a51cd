// Rings of ticks, trades and books for JavaScript: converts and calls.

#include <napi.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/clock.h"
#include "base/file.h"
#include "disk.h"
#include "errors.h"
#include "parts.h"
#include "ring/row_rings.h"

namespace ndts::binding {
namespace {

Napi::Number number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Array array_argument(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsArray())
    throw_code(env, Code::kInvalidArgument, std::string("expected ") + name + " to be an array");
  return value.As<Napi::Array>();
}

std::vector<std::uint64_t> numbers(Napi::Env env, const Napi::Value& value, const char* name) {
  const Napi::Array array = array_argument(env, value, name);
  std::vector<std::uint64_t> result(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) result[i] = whole_number(env, array[i], name);
  return result;
}

template <typename Record>
class RowRingWriterWrap : public Napi::ObjectWrap<RowRingWriterWrap<Record>> {
 public:
  using Wrap = RowRingWriterWrap;
  using Base = Napi::ObjectWrap<Wrap>;
  using Writer = RowRingsWriter<Record>;

  static Napi::Function define(Napi::Env env, const char* name) {
    return Base::DefineClass(env, name,
                             {Base::template InstanceMethod<&Wrap::paths>("paths"),
                              Base::template InstanceMethod<&Wrap::publish>("publish"),
                              Base::template InstanceMethod<&Wrap::set_watermarks>("setWatermarks"),
                              Base::template InstanceMethod<&Wrap::heartbeat>("heartbeat"),
                              Base::template InstanceMethod<&Wrap::close>("close")});
  }

  // (dir, slotCount, epochs, firstSequences)
  explicit RowRingWriterWrap(const Napi::CallbackInfo& info)
      : Base(info) {
    const Napi::Env env = info.Env();
    const std::string dir = text(env, info[0], "dir");
    const auto slot_count =
        static_cast<std::uint32_t>(whole_number(env, info[1], "slotCount", UINT32_MAX));
    check(env, Writer::create(&disk(), dir, slot_count, numbers(env, info[2], "epochs"),
                              numbers(env, info[3], "firstSequences"), &writer_));
  }

 private:
  Writer& open(Napi::Env env) {
    if (!writer_) throw_code(env, Code::kClosed, "the ring writer is closed");
    return *writer_;
  }

  Napi::Value paths(const Napi::CallbackInfo& info) {
    const std::vector<RingWriter>& rings = open(info.Env()).rings();
    Napi::Array result = Napi::Array::New(info.Env(), rings.size());
    for (std::uint32_t i = 0; i < rings.size(); ++i)
      result[i] = Napi::String::New(info.Env(), rings[i].path());
    return result;
  }

  // (buffer, capacity, count)
  void publish(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Writer& writer = open(env);
    const auto batch = rows_argument<typename Record::Columns>(env, info[0], info[1]);
    check(env, writer.publish(batch.columns, count_argument(env, info[2], batch.capacity)));
  }

  void set_watermarks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Writer& writer = open(env);
    if (!info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      throw_code(env, Code::kInvalidArgument, "expected a Float64Array of watermarks");
    auto marks = info[0].As<Napi::Float64Array>();
    check(env, writer.set_watermarks(marks.Data(), marks.ElementLength()));
  }

  void heartbeat(const Napi::CallbackInfo& info) {
    open(info.Env()).heartbeat(whole_number(info.Env(), info[0], "monotonicNs"));
  }

  void close(const Napi::CallbackInfo&) { writer_.reset(); }

  std::unique_ptr<Writer> writer_;
};

template <typename Record>
class RowRingReaderWrap : public Napi::ObjectWrap<RowRingReaderWrap<Record>> {
 public:
  using Wrap = RowRingReaderWrap;
  using Base = Napi::ObjectWrap<Wrap>;
  using Reader = RowRingsReader<Record>;

  static Napi::Function define(Napi::Env env, const char* name) {
    return Base::DefineClass(env, name,
                             {Base::template InstanceMethod<&Wrap::poll>("poll"),
                              Base::template InstanceMethod<&Wrap::wait_poll>("waitPoll"),
                              Base::template InstanceMethod<&Wrap::lapped>("lapped"),
                              Base::template InstanceMethod<&Wrap::overtaken>("overtaken"),
                              Base::template InstanceMethod<&Wrap::position>("position"),
                              Base::template InstanceMethod<&Wrap::marks>("marks"),
                              Base::template InstanceMethod<&Wrap::close>("close")});
  }

  // (paths, 'oldest' | 'tail') or (paths, shards, epochs, sequences): rings of these shards begin
  // at these positions, all others at the oldest.
  explicit RowRingReaderWrap(const Napi::CallbackInfo& info)
      : Base(info) {
    const Napi::Env env = info.Env();
    const Napi::Array given = array_argument(env, info[0], "paths");
    std::vector<std::string> paths(given.Length());
    for (std::uint32_t i = 0; i < given.Length(); ++i) paths[i] = text(env, given[i], "path");
    RingStart otherwise;
    std::map<std::uint32_t, RingStart> positions;
    if (!info[1].IsString()) {
      positions = positions_argument(info);
    } else if (text(env, info[1], "from") == "tail") {
      otherwise.kind = RingStart::Kind::kTail;
    }
    check(env, Reader::open(disk(), paths, otherwise, positions, &reader_));
  }

 private:
  static std::map<std::uint32_t, RingStart> positions_argument(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto shards = numbers(env, info[1], "shards");
    const auto epochs = numbers(env, info[2], "epochs");
    const auto sequences = numbers(env, info[3], "sequences");
    if (epochs.size() != shards.size() || sequences.size() != shards.size())
      throw_code(env, Code::kInvalidArgument, "expected an epoch and a sequence per shard");
    std::map<std::uint32_t, RingStart> positions;
    for (std::size_t i = 0; i < shards.size(); ++i)
      positions[static_cast<std::uint32_t>(shards[i])] = {RingStart::Kind::kAt, epochs[i],
                                                         sequences[i]};
    return positions;
  }

  Reader& open(Napi::Env env) {
    if (!reader_) throw_code(env, Code::kClosed, "the ring reader is closed");
    return *reader_;
  }

  const RingReader& ring(const Napi::CallbackInfo& info) {
    const auto shard =
        static_cast<std::uint32_t>(whole_number(info.Env(), info[0], "shard", UINT32_MAX));
    const RingReader* found = open(info.Env()).ring(shard);
    if (found == nullptr)
      throw_code(info.Env(), Code::kNotFound,
                 "no ring of shard " + std::to_string(shard) + " is read here");
    return *found;
  }

  // (buffer, capacity)
  Napi::Value poll(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Reader& reader = open(env);
    const auto batch = rows_argument<typename Record::Columns>(env, info[0], info[1]);
    return number(env, reader.poll(batch.columns, batch.capacity));
  }

  // (buffer, capacity, spinUs, yieldUs, sleepUs)
  Napi::Value wait_poll(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Reader& reader = open(env);
    const auto batch = rows_argument<typename Record::Columns>(env, info[0], info[1]);
    const auto time_ns = [&info, env](std::size_t at, const char* name) {
      constexpr double kWaitUsMax = 1e6;
      const double us = finite_number(env, info[at], name);
      if (!(us >= 0 && us <= kWaitUsMax))
        throw_code(env, Code::kInvalidArgument,
                   std::string("expected ") + name + " from 0 to 1000000");
      return static_cast<std::int64_t>(us * 1000);
    };
    const RingPatience patience{.spin_ns = time_ns(2, "spinUs"),
                                .yield_ns = time_ns(3, "yieldUs"),
                                .sleep_ns = time_ns(4, "sleepUs")};
    SystemClock clock;
    return number(env, reader.wait_poll(batch.columns, batch.capacity, patience, &clock));
  }

  Napi::Value lapped(const Napi::CallbackInfo& info) {
    return number(info.Env(), open(info.Env()).lapped());
  }

  Napi::Value overtaken(const Napi::CallbackInfo& info) {
    return number(info.Env(), open(info.Env()).overtaken());
  }

  Napi::Value position(const Napi::CallbackInfo& info) {
    const RingReader& reader = ring(info);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("epoch", number(info.Env(), reader.shape().epoch));
    result.Set("sequence", number(info.Env(), reader.next()));
    return result;
  }

  Napi::Value marks(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const RingMarks marks = ring(info).marks();
    Napi::Object result = Napi::Object::New(env);
    result.Set("epoch", number(env, marks.epoch));
    result.Set("tail", number(env, marks.tail));
    result.Set("accepted", number(env, marks.accepted));
    result.Set("durable", number(env, marks.durable));
    result.Set("replicated", number(env, marks.replicated));
    result.Set("sealed", number(env, marks.sealed));
    result.Set("heartbeatNs", number(env, marks.heartbeat_ns));
    return result;
  }

  void close(const Napi::CallbackInfo&) { reader_.reset(); }

  std::unique_ptr<Reader> reader_;
};

}  // namespace

void init_ring(Napi::Env env, Napi::Object exports) {
  exports.Set("TickRingWriter", RowRingWriterWrap<TickRecord>::define(env, "TickRingWriter"));
  exports.Set("TickRingReader", RowRingReaderWrap<TickRecord>::define(env, "TickRingReader"));
  exports.Set("TradeRingWriter", RowRingWriterWrap<TradeRecord>::define(env, "TradeRingWriter"));
  exports.Set("TradeRingReader", RowRingReaderWrap<TradeRecord>::define(env, "TradeRingReader"));
  exports.Set("BookRingWriter", RowRingWriterWrap<BookRecord>::define(env, "BookRingWriter"));
  exports.Set("BookRingReader", RowRingReaderWrap<BookRecord>::define(env, "BookRingReader"));
}

}  // namespace ndts::binding
