// The public door of the data node.

export { Arbiter, type ArbiterOptions, type SourceStatistics } from './arbitrate/arbiter.js';
export { Book, type BookCounts, type BookRules } from './book/book.js';
export { BookAssembler, type ShownBook } from './book/book-assembler.js';
export { type BookRows, BookRowStore } from './book/book-rows.js';
export { levelColumns, putShownBook } from './book/shown-books.js';
export { calendarSpan, rulesView } from './clean/keeper.js';
export { cleanRules, CompiledRules, compileRules, openCleaner } from './clean/rules.js';
export { type TrialOptions, tryRules } from './clean/trial.js';
export { serveTrials } from './clean/trial-requests.js';
export { rowsOfClient, type StoredRows } from './clean/trial-rows.js';
export {
  type BookChangeBatch,
  bookChangeFlags,
  createBookChangeBatch,
} from './feed/batches.js';
export {
  ccxtAbilities,
  ccxtDecoder,
  type CcxtFeedOptions,
  createCcxtFeed,
} from './feed/crypto/ccxt-feed.js';
export type { CcxtModule } from './feed/crypto/ccxt-module.js';
export { createFixFeed, type FixFeedOptions } from './feed/fix/fix-feed.js';
export { allDirtKinds, type DirtKind, dirtKinds, rareDirtKinds } from './feed/dirt.js';
export type {
  Feed,
  FeedAbilities,
  FeedReject,
  FeedState,
  FeedStats,
  FeedSymbol,
} from './feed/feed.js';
export type { FeedGap, FeedRows, RowKind } from './feed/feed-rows.js';
export { FeedManager, type FeedManagerOptions, type FeedStore } from './feed/feed-manager.js';
export { FeedSet, type FeedSource } from './feed/feed-set.js';
export { FileFeed, type FileFeedOptions } from './feed/file/file-feed.js';
export { type FileFormatName, fileFormatNames } from './feed/file/file-format.js';
export { LineFeed, type LineFeedOptions } from './feed/line-feed.js';
export { MessageFeed, type MessageFeedOptions } from './feed/message-feed.js';
export type {
  MessageConnection,
  MessageDecoder,
  MessageEvents,
  MessageRecorder,
  MessageSource,
} from './feed/message-source.js';
export { createNoFeed } from './feed/no-feed.js';
export { Recorder, type RecorderOptions, type RecorderStats } from './feed/recording/recorder.js';
export { RecordingFeed, type RecordingFeedOptions } from './feed/recording/recording-feed.js';
export {
  type BadStretch,
  listRecordings,
  RecordingReader,
} from './feed/recording/recording-reader.js';
export type { MarketOptions, MarketSession } from './feed/simulated-market.js';
export { Simulator, type SimulatorOptions, simulatorSymbolNames } from './feed/simulator.js';
export { createDataNode, type DataNode, type DataNodeDeps } from './node.js';
export {
  type QualityLimits,
  type QualityRules,
  SymbolQuality,
} from './quality/symbol-quality.js';
export type { DataNodeStatus } from './serve/status.js';
export type { SymbolDirectory } from './serve/symbols.js';
export { StreamServer, type StreamServerOptions } from './stream/server.js';
export { NamePolicy } from './symbols/name-policy.js';
export { noSymbolName } from './symbols/no-symbol.js';
export { pendingSymbol, refusedSymbol, SymbolDoor } from './symbols/symbol-door.js';
