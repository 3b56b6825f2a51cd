// The public door of the data node.

export { cleanRules, openCleaner } from './clean/rules.js';
export { type DirtKind, dirtKinds } from './feed/dirt.js';
export type { Feed, FeedState, FeedStats, FeedSymbol } from './feed/feed.js';
export { createNoFeed } from './feed/no-feed.js';
export { Simulator, type SimulatorOptions, simulatorSymbolNames } from './feed/simulator.js';
export { createDataNode, type DataNode, type DataNodeDeps } from './node.js';
export type { DataNodeStatus } from './serve/status.js';
export type { SymbolDirectory } from './serve/symbols.js';
export { StreamServer, type StreamServerOptions } from './stream/server.js';
