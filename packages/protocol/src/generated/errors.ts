// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** What each error means and what helps. */
export const errorTable = {
  OK: {
    number: 0,
    meaning: 'no error',
    hint: '',
  },
  INVALID_ARGUMENT: {
    number: 1,
    meaning: 'a call was made with a value it cannot take',
    hint: '',
  },
  CLOSED: {
    number: 2,
    meaning: 'the handle was closed before',
    hint: 'do not use a handle after close',
  },
  NOT_FOUND: {
    number: 3,
    meaning: 'no such file, key or node',
    hint: '',
  },
  ALREADY_EXISTS: {
    number: 4,
    meaning: 'it exists already',
    hint: '',
  },
  IO_ERROR: {
    number: 5,
    meaning: 'the file system refused a read, write or sync',
    hint: 'look at the disk and the system log',
  },
  DISK_FULL: {
    number: 6,
    meaning: 'no space for the next file',
    hint: 'free space; a node goes on by itself',
  },
  CORRUPT: {
    number: 7,
    meaning: 'bytes that were durable do not match their checksum',
    hint: 'run `ndts inspect` on the named file; restore it from a copy',
  },
  TORN_TAIL: {
    number: 8,
    meaning: 'the end of a log was not written completely; not an error',
    hint: '',
  },
  LOCKED: {
    number: 9,
    meaning: 'the data folder is open, in this process or another',
    hint: 'stop who has it, or use another --data-dir',
  },
  READ_ONLY: {
    number: 10,
    meaning: 'the data folder or file cannot be written',
    hint: 'check its owner and mode',
  },
  VERSION_TOO_NEW: {
    number: 11,
    meaning: 'a newer version of NDTS wrote these files',
    hint: 'use that version or newer',
  },
  NO_SPACE_ACCEPTED: {
    number: 12,
    meaning: 'the batch is larger than the staging memory or a log file allows',
    hint: 'append smaller batches, or raise storage.stagingBytes and storage.walFileBytes',
  },
  CONFIG_UNKNOWN_KEY: {
    number: 20,
    meaning: 'a configuration key does not exist',
    hint: 'docs/config.md lists all keys, docs/cleaning.md those of cleaning rules',
  },
  CONFIG_INVALID_VALUE: {
    number: 21,
    meaning: 'a configuration value has the wrong type or range',
    hint: 'docs/config.md lists types and ranges, docs/cleaning.md those of cleaning rules',
  },
  CONFIG_UNREADABLE: {
    number: 22,
    meaning: 'the configuration file cannot be read or parsed',
    hint: '',
  },
  PORT_IN_USE: {
    number: 30,
    meaning: 'another process listens on that port',
    hint: 'set control.port to another port, or 0 for any free one',
  },
  UNAUTHENTICATED: {
    number: 31,
    meaning: 'no token, or an unknown one',
    hint: 'send Authorization: Bearer TOKEN',
  },
  FORBIDDEN: {
    number: 32,
    meaning: 'the role of the token does not allow this',
    hint: '',
  },
  RATE_LIMITED: {
    number: 33,
    meaning: 'too many requests',
    hint: 'wait and try again',
  },
  INSECURE_FILE: {
    number: 34,
    meaning: 'a file or folder with secrets can be used by others than its owner',
    hint: 'chmod 600 the file, chmod 700 the folder, and replace the tokens',
  },
  COMPARE_FAILED: {
    number: 40,
    meaning: 'a compare-and-set found another revision',
    hint: 'read again and decide again',
  },
  LEASE_LOST: {
    number: 41,
    meaning: 'the lease expired or was revoked',
    hint: '',
  },
  LAPPED: {
    number: 50,
    meaning: 'the ring overtook the reader',
    hint: 'fill the gap from storage',
  },
  WRONG_EPOCH: {
    number: 51,
    meaning: 'the epoch of the ring or shard is another one',
    hint: 'attach again',
  },
  ILLEGAL_TRANSITION: {
    number: 60,
    meaning: 'the order state machine does not allow this event',
    hint: '',
  },
  OUTCOME_UNKNOWN: {
    number: 61,
    meaning: 'the broker did not answer in time; the order may live',
    hint: 'it is reconciled, never re-sent',
  },
  PLUGIN_FAILED: {
    number: 70,
    meaning: 'a strategy plugin threw, crashed or could not be loaded',
    hint: 'see the log of the instance',
  },
  UNAVAILABLE: {
    number: 80,
    meaning: 'the node or service that answers this is not there',
    hint: '',
  },
  TIMEOUT: {
    number: 81,
    meaning: 'no answer within the time allowed',
    hint: '',
  },
  INVALID_SQL: {
    number: 90,
    meaning: 'the text of a query is wrong, or asks for what is not allowed',
    hint: 'docs/sql.md says what there is',
  },
  MEMORY_LIMIT: {
    number: 91,
    meaning: 'a query needs more memory than it may have',
    hint: 'ask for less at once, or allow it more',
  },
  CANCELLED: {
    number: 92,
    meaning: 'it was stopped by whoever began it',
    hint: '',
  },
  INTERNAL: {
    number: 99,
    meaning: 'a defect of NDTS',
    hint: 'please report it with the log',
  },
} as const;

export type ErrorCode = keyof typeof errorTable;
