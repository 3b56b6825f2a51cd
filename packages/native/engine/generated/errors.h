// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
#pragma once

#include <cstdint>

namespace ndts {

enum class Code : std::uint16_t {
  kOk = 0,  // no error
  kInvalidArgument = 1,  // a call was made with a value it cannot take
  kClosed = 2,  // the handle was closed before
  kNotFound = 3,  // no such file, key or node
  kAlreadyExists = 4,  // it exists already
  kIoError = 5,  // the file system refused a read, write or sync
  kDiskFull = 6,  // no space for the next file
  kCorrupt = 7,  // bytes that were durable do not match their checksum
  kTornTail = 8,  // the end of a log was not written completely; not an error
  kLocked = 9,  // the data folder is open, in this process or another
  kReadOnly = 10,  // the data folder or file cannot be written
  kVersionTooNew = 11,  // a newer version of NDTS wrote these files
  kNoSpaceAccepted = 12,  // the batch is larger than the staging memory or a log file allows
  kConfigUnknownKey = 20,  // a configuration key does not exist
  kConfigInvalidValue = 21,  // a configuration value has the wrong type or range
  kConfigUnreadable = 22,  // the configuration file cannot be read or parsed
  kPortInUse = 30,  // another process listens on that port
  kUnauthenticated = 31,  // no token, or an unknown one
  kForbidden = 32,  // the role of the token does not allow this
  kRateLimited = 33,  // too many requests
  kInsecureFile = 34,  // a file or folder with secrets can be used by others than its owner
  kCompareFailed = 40,  // a compare-and-set found another revision
  kLeaseLost = 41,  // the lease expired or was revoked
  kLapped = 50,  // the ring overtook the reader
  kWrongEpoch = 51,  // the epoch of the ring or shard is another one
  kIllegalTransition = 60,  // the order state machine does not allow this event
  kOutcomeUnknown = 61,  // the broker did not answer in time; the order may live
  kPluginFailed = 70,  // a strategy plugin threw, crashed or could not be loaded
  kUnavailable = 80,  // the node or service that answers this is not there
  kTimeout = 81,  // no answer within the time allowed
  kInvalidSql = 90,  // the text of a query is wrong, or asks for what is not allowed
  kMemoryLimit = 91,  // a query needs more memory than it may have
  kCancelled = 92,  // it was stopped by whoever began it
  kInternal = 99,  // a defect of NDTS
};

[[nodiscard]] constexpr const char* code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kClosed:
      return "CLOSED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kIoError:
      return "IO_ERROR";
    case Code::kDiskFull:
      return "DISK_FULL";
    case Code::kCorrupt:
      return "CORRUPT";
    case Code::kTornTail:
      return "TORN_TAIL";
    case Code::kLocked:
      return "LOCKED";
    case Code::kReadOnly:
      return "READ_ONLY";
    case Code::kVersionTooNew:
      return "VERSION_TOO_NEW";
    case Code::kNoSpaceAccepted:
      return "NO_SPACE_ACCEPTED";
    case Code::kConfigUnknownKey:
      return "CONFIG_UNKNOWN_KEY";
    case Code::kConfigInvalidValue:
      return "CONFIG_INVALID_VALUE";
    case Code::kConfigUnreadable:
      return "CONFIG_UNREADABLE";
    case Code::kPortInUse:
      return "PORT_IN_USE";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
    case Code::kForbidden:
      return "FORBIDDEN";
    case Code::kRateLimited:
      return "RATE_LIMITED";
    case Code::kInsecureFile:
      return "INSECURE_FILE";
    case Code::kCompareFailed:
      return "COMPARE_FAILED";
    case Code::kLeaseLost:
      return "LEASE_LOST";
    case Code::kLapped:
      return "LAPPED";
    case Code::kWrongEpoch:
      return "WRONG_EPOCH";
    case Code::kIllegalTransition:
      return "ILLEGAL_TRANSITION";
    case Code::kOutcomeUnknown:
      return "OUTCOME_UNKNOWN";
    case Code::kPluginFailed:
      return "PLUGIN_FAILED";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kTimeout:
      return "TIMEOUT";
    case Code::kInvalidSql:
      return "INVALID_SQL";
    case Code::kMemoryLimit:
      return "MEMORY_LIMIT";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace ndts
