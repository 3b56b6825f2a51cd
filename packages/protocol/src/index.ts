// The public door of protocol: the generated schema, time, money, shards, ports. No I/O.

export * from './bus-subjects.js';
export * from './data-views.js';
export * from './data-status.js';
export * from './errors.js';
export * from './exec-requests.js';
export * from './generated/batches.js';
export * from './generated/config.js';
export * from './generated/constants.js';
export * from './generated/errors.js';
export * from './generated/layouts.js';
export * from './generated/messages.js';
export * from './generated/tables.js';
export * from './holding.js';
export { MessageReader, MessageWriter, messageKind } from './message-codec.js';
export * from './money.js';
export * from './ports/broker.js';
export * from './ports/bus.js';
export * from './ports/clock.js';
export * from './ports/jobs.js';
export * from './ports/key-value-store.js';
export * from './ports/log.js';
export * from './ports/objects.js';
export * from './ports/registry.js';
export * from './ports/transport.js';
export { shardOf, xxHash32 } from './shard.js';
export * from './table-schema.js';
export * from './time.js';
