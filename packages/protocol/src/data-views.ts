// What the data node is asked about cleaning, feeds and the quality of symbols, and what it shows;
// the subjects are in bus-subjects.ts. Plain data only: money as decimal text.

export interface CleanRulesRequest {
  readonly symbol?: string;
}

export interface CleanReloadRequest {
  readonly actor: string;
  readonly role: string;
}

/** Rules in words, as they would stand in a file (docs/cleaning.md). */
export interface CleanCheckRequest {
  readonly text: string;
  readonly format: 'yaml' | 'toml';
}

export interface CleanTryRequest extends CleanCheckRequest {
  /** Of the ticks; `to` is exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Default: all. */
  readonly symbols?: readonly string[];
  /** How many ticks are shown of each kind. */
  readonly samples: number;
}

/** What a symbol is cleaned by, and why. */
export interface CleanSymbolRules {
  readonly name: string;
  readonly class: string;
  /** The patterns that name it; empty: none does. */
  readonly match: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface CleanRulesView {
  /** Empty: none. */
  readonly file: string;
  readonly loadedMs: number;
  /** Why the file as it is now is not in force; empty when it is. */
  readonly problem: string;
  readonly classes: readonly string[];
  readonly calendars: readonly string[];
  /** Of symbols. */
  readonly entries: number;
  /** Different sets of rules. */
  readonly plans: number;
  readonly symbol?: CleanSymbolRules;
}

/** A tick that rules judge differently. Numbers as text: NaN has no JSON form. */
export interface CleanTrySample {
  readonly symbol: string;
  readonly time: string;
  readonly price: string;
  readonly volume: string;
  readonly bid: string;
  readonly ask: string;
}

/** '' stands for accepted. */
export interface CleanTryChange {
  readonly today: string;
  readonly proposed: string;
  readonly count: number;
  readonly samples: readonly CleanTrySample[];
}

export interface CleanTryView {
  readonly symbols: number;
  /** Accepted today, and refused today. */
  readonly ticks: number;
  readonly rejects: number;
  /** Judged alike. */
  readonly same: number;
  readonly changes: readonly CleanTryChange[];
  /** By the proposed rules, accepted all the same. */
  readonly marked: Readonly<Record<string, number>>;
}

/** A tick the cleaner refused. */
export interface RejectView {
  readonly symbol: number;
  readonly reason: string;
  readonly timeMs: number;
  /** As text: NaN and infinities have no JSON form. */
  readonly price: string;
  readonly volume: string;
  readonly bid: string;
  readonly ask: string;
}

/** A feed that is added to a node; an exchange or counterparty is there again after a restart. */
export interface FeedDefinition {
  /** Letters, digits, ., - and _. */
  readonly name: string;
  readonly kind: 'files' | 'recording' | 'ccxt' | 'fix';
  /** Of files: in the order they are read. */
  readonly paths?: readonly string[];
  /** Of files: default what is recognised. */
  readonly format?: string;
  /** Of files and recordings: 0 as fast as possible (default), 1 at their own pace. */
  readonly speed?: number;
  /** Of files that name none. */
  readonly symbol?: string;
  /** Of files: what their times are ahead of UTC, as +08:00. */
  readonly utcOffset?: string;
  /** Of bars whose times do not tell it. */
  readonly barSeconds?: number;
  /** Of ccxt: the exchange as ccxt calls it. */
  readonly venue?: string;
  /** Of ccxt: as BTC/USDT. Of FIX: as both sides call them. Of recordings: only these. */
  readonly symbols?: readonly string[];
  /** Of ccxt and FIX: every message is kept. */
  readonly record?: boolean;
  readonly fix?: FixFeedDefinition;
  /** Of recordings: the feed that was recorded, and days such as 2026-01-05; default: all. */
  readonly recorded?: string;
  readonly days?: readonly string[];
}

/** A counterparty that sends market data over FIX 4.4. Secrets are named by where they are, and
 * never here. */
export interface FixFeedDefinition {
  readonly host: string;
  readonly port: number;
  /** What the counterparty calls us, and itself. */
  readonly senderCompId: string;
  readonly targetCompId: string;
  readonly senderSubId?: string;
  readonly targetSubId?: string;
  readonly username?: string;
  /** Of mode 0600. */
  readonly passwordFile?: string;
  /** Instead: the variable of the node's environment that has it, NDTS_SECRET_... */
  readonly passwordEnv?: string;
  /** Default: 30. */
  readonly heartbeatSeconds?: number;
  /** Levels of the book; 0: all, the default. */
  readonly depth?: number;
  readonly tls?: boolean;
  /** Certificates (PEM) it is checked against; default: those of the system. */
  readonly tlsCa?: string;
  /** Beyond this machine without TLS. */
  readonly allowPlain?: boolean;
}

export interface FeedView {
  /** Goes with its batches; another one after each start. */
  readonly source: number;
  readonly name: string;
  readonly kind: FeedDefinition['kind'] | 'simulator' | 'line';
  readonly state: string;
  readonly reason: string;
  readonly isEnded: boolean;
  readonly polled: number;
  readonly skipped: number;
  readonly backlog: number;
  readonly messages: number;
  readonly malformed: number;
  /** The same by what was wrong: FeedRejectView.rule. */
  readonly malformedBy: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly gaps: number;
  readonly gapsRepaired: number;
  readonly pauses: number;
  /** null: not measured. */
  readonly clockOffsetMs: number | null;
  /** null: it is not recorded. */
  readonly recording: FeedRecordingView | null;
  /** null: it has none of its own, or none now. */
  readonly process: FeedProcessView | null;
}

export interface FeedProcessView {
  readonly pid: number;
  /** As of a second ago: all that is in memory, code too. */
  readonly memoryBytes: number;
}

export interface FeedRecordingView {
  readonly dir: string;
  readonly messages: number;
  readonly lost: number;
  readonly fileBytes: number;
  /** Of the last write that failed; empty: it works. */
  readonly reason: string;
}

export interface FeedNameRequest {
  readonly name: string;
}

export interface FeedRecordRequest extends FeedNameRequest {
  readonly on: boolean;
}

/** Names that may be no symbols, for one reason. */
export interface RefusedNamesView {
  readonly reason: string;
  /** How often such a name came. */
  readonly count: number;
  /** The first ones, cut to be shown. */
  readonly names: readonly string[];
}

/** Something a feed could not understand or use. */
export interface FeedRejectView {
  readonly timeMs: number;
  /** What was wrong, of a few kinds; `reason` says it in words. */
  readonly rule: string;
  readonly reason: string;
  readonly sample: string;
}

export interface QualityRequest {
  /** Id; NOT_FOUND when there is none. */
  readonly symbol?: number;
  /** Changes of its history, newest first; default: none. */
  readonly limit?: number;
}

export interface QualityChangeView {
  readonly timeMs: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly source: string;
}

export interface QualityView {
  readonly symbol: number;
  readonly name: string;
  /** Name of a QualityState. */
  readonly state: string;
  /** All that is wrong, bits of TickFlags. */
  readonly flags: number;
  /** Ticks of its shard from here on carry newer flags. */
  readonly sequence: number;
  /** In this state for so long. */
  readonly sinceMs: number;
  /** Since its last good tick; null: none since the start. */
  readonly tickAgeMs: number | null;
  /** Why the state is what it is; empty while nothing ever was wrong. */
  readonly reason: string;
  readonly source: string;
  readonly history: readonly QualityChangeView[];
}
