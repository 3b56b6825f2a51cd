// The feeds that people add to a running node, beside the simulator of its configuration. Always: a
// definition is kept only when the feed could be begun, and what is kept is there again after a
// restart; a feed that cannot be begun then is told in the list and stops nothing. Files and
// recordings are not kept: they would be read twice.

import { join } from 'node:path';
import {
  type Clock,
  errorLine,
  type FeedDefinition,
  type FeedRecordingView,
  type FeedRejectView,
  type FeedView,
  NdtsError,
  nsPerMs,
  type Random,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { ccxtAbilities, ccxtBookVenue, ccxtDecoder, createCcxtFeed } from './crypto/ccxt-feed.js';
import type { LoadCcxt } from './crypto/ccxt-module.js';
import type { Feed, FeedSymbol } from './feed.js';
import type { RowKind } from './feed-rows.js';
import type { FeedSet, FeedSource } from './feed-set.js';
import { createFixFeed, fixAbilities, fixDecoder } from './fix/fix-feed.js';
import { fixFeedSettings, type Secrets } from './fix/fix-settings.js';
import { FileFeed } from './file/file-feed.js';
import { LineFeed } from './line-feed.js';
import { type FileFormatName, fileFormatNames } from './file/file-format.js';
import { removeUnpacked, type UnpackPlace } from './file/unpack.js';
import { Recorder, recordingName } from './recording/recorder.js';
import { RecordingFeed } from './recording/recording-feed.js';
import { listRecordings } from './recording/recording-reader.js';
import type { SymbolDoor } from '../symbols/symbol-door.js';

/** Where definitions are kept. */
export interface FeedStore {
  list(): Promise<readonly FeedDefinition[]>;
  put(definition: FeedDefinition): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface FeedManagerOptions {
  readonly set: FeedSet;
  readonly store: FeedStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Through which names become symbols. */
  readonly door: Pick<SymbolDoor, 'ensure' | 'refusal'>;
  /** What the node polls; default: ticks. A kind that is not polled must not be made. */
  readonly kinds?: readonly RowKind[];
  /** A folder of it for each feed. */
  readonly recordingDir: string;
  /** Of files that are packed; undefined: they are refused. */
  readonly unpack?: UnpackPlace;
  /** Variables of the environment that are secrets; default: none. */
  readonly secrets?: Secrets;
  /** Handed to ccxt, by the name of the feed; for tests and other addresses. */
  readonly settingsOf?: (name: string) => Readonly<Record<string, unknown>>;
  readonly load?: LoadCcxt;
}

interface Kept {
  readonly definition: FeedDefinition;
  readonly recorder: Recorder | undefined;
}

interface Made extends Kept {
  readonly feed: Feed;
}

export class FeedManager {
  readonly #options: FeedManagerOptions;
  readonly #kinds: readonly RowKind[];
  readonly #kept = new Map<string, Kept>();
  /** Of each feed by its name, one change after the other. */
  readonly #work = new Map<string, Promise<unknown>>();
  readonly #opening = new Set<string>();

  constructor(options: FeedManagerOptions) {
    this.#options = options;
    this.#kinds = options.kinds ?? ['tick'];
  }

  /** Begins what was kept; does not wait for venues. */
  async start(): Promise<void> {
    const { unpack } = this.#options;
    if (unpack !== undefined) await removeUnpacked(unpack.dir);
    const all = await this.#options.store.list();
    for (const definition of all)
      void this.#after(definition.name, () => this.#beginKept(definition));
  }

  /** Disconnects all feeds; recordings are written to their end. */
  async stop(): Promise<void> {
    await this.#options.set.disconnect(); // first: what is begun now may wait for a venue
    await Promise.all(this.#work.values());
    for (const { recorder } of this.#kept.values()) await recorder?.close();
  }

  list(): FeedView[] {
    return this.#options.set.sources.map((source) => this.#viewOf(source));
  }

  /** Throws INVALID_ARGUMENT, ALREADY_EXISTS, and what the feed refuses. */
  add(definition: FeedDefinition): Promise<FeedView> {
    return this.#after(definition.name, async () => {
      await this.#begin(definition);
      const { refusal } = this.#source(definition.name);
      if (refusal !== '') {
        await this.#end(definition.name);
        throw new NdtsError('INVALID_ARGUMENT', `feed ${definition.name}: ${refusal}`);
      }
      if (hasMessages(definition)) await this.#options.store.put(definition);
      return this.#viewOf(this.#source(definition.name));
    });
  }

  /** One that is opened at this moment is not waited for. Throws NOT_FOUND; the simulator is the
   * configuration's. */
  remove(name: string): Promise<true> {
    const isOpening = this.#opening.has(name);
    if (isOpening) void this.#options.set.remove(name); // ends what is waited for
    return this.#after(name, async () => {
      if (isOpening && !this.#kept.has(name)) {
        await this.#options.store.remove(name);
        return true as const;
      }
      this.#definition(name);
      await this.#options.store.remove(name);
      await this.#end(name);
      return true as const;
    });
  }

  /** A recording begins with a connection: the feed is made anew. */
  record(name: string, on: boolean): Promise<FeedView> {
    return this.#after(name, async () => {
      const before = this.#definition(name);
      if (!hasMessages(before))
        throw new NdtsError('INVALID_ARGUMENT', `${name} has no messages to record`);
      if ((before.record ?? false) !== on) {
        const definition = { ...before, record: on };
        const made = await this.#make(definition); // what fails here leaves the old one as it is
        await this.#end(name);
        await this.#place(made);
        await this.#options.store.put(definition);
      }
      return this.#viewOf(this.#source(name));
    });
  }

  rejects(name: string): readonly FeedRejectView[] {
    return this.#source(name).feed.rejects(256);
  }

  #after<T>(name: string, action: () => Promise<T>): Promise<T> {
    const done = (this.#work.get(name) ?? Promise.resolve()).then(action);
    const settled: Promise<unknown> = done
      .catch(() => undefined)
      .then(() => {
        if (this.#work.get(name) === settled) this.#work.delete(name);
      });
    this.#work.set(name, settled);
    return done;
  }

  #source(name: string): FeedSource {
    const source = this.#options.set.sources.find(({ feed }) => feed.name === name);
    if (source === undefined) throw new NdtsError('NOT_FOUND', `there is no feed ${name}`);
    return source;
  }

  #definition(name: string): FeedDefinition {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept.definition;
    this.#source(name);
    throw new NdtsError('INVALID_ARGUMENT', `${name} is a feed of the configuration`);
  }

  async #begin(definition: FeedDefinition): Promise<void> {
    const { name } = definition;
    if (this.#options.set.sources.some(({ feed }) => feed.name === name))
      throw new NdtsError('ALREADY_EXISTS', `there is a feed ${name}`);
    await this.#place(await this.#make(definition));
  }

  async #make(definition: FeedDefinition): Promise<Made> {
    const { recordingDir, clock } = this.#options;
    const isRecorded = hasMessages(definition) && definition.record === true;
    const recorder = isRecorded
      ? new Recorder({ dir: join(recordingDir, definition.name), clock })
      : undefined;
    return { definition, recorder, feed: await this.#create(definition, recorder) };
  }

  async #place({ definition, recorder, feed }: Made): Promise<void> {
    const { set } = this.#options;
    const { name } = definition;
    this.#kept.set(name, { definition, recorder });
    this.#opening.add(name);
    try {
      await set.add(feed);
    } catch (error) {
      await this.#end(name);
      throw error;
    } finally {
      this.#opening.delete(name);
    }
    if (set.sources.some((source) => source.feed === feed)) return;
    await this.#end(name);
    throw new NdtsError('CANCELLED', `feed ${name} was removed while it was opened`);
  }

  async #beginKept(definition: FeedDefinition): Promise<void> {
    try {
      await this.#begin(definition);
    } catch (error) {
      const reason = errorLine(error);
      this.#options.logger.error({ feed: definition.name, reason }, 'a feed cannot be begun');
    }
  }

  async #end(name: string): Promise<void> {
    await this.#options.set.remove(name);
    await this.#kept.get(name)?.recorder?.close();
    this.#kept.delete(name);
  }

  async #create(definition: FeedDefinition, recorder: Recorder | undefined): Promise<Feed> {
    if (definition.kind === 'files') return this.#files(definition);
    if (definition.kind === 'recording') return this.#recording(definition);
    if (definition.kind === 'fix') return this.#fix(definition, recorder);
    return this.#exchange(definition, recorder);
  }

  async #symbols({ name, symbols: names = [] }: FeedDefinition): Promise<FeedSymbol[]> {
    const { door } = this.#options;
    if (names.length === 0) throw new NdtsError('INVALID_ARGUMENT', `${name}: expected symbols`);
    const ids = await door.ensure(names);
    const refused = names.flatMap((one, at) =>
      ids[at] === 0 ? [`${JSON.stringify(one)} (${door.refusal(one)})`] : [],
    );
    if (refused.length > 0)
      throw new NdtsError('INVALID_ARGUMENT', `${name}: no symbols: ${refused.join(', ')}`);
    return names.map((symbol, at) => ({ id: ids[at] ?? 0, name: symbol }));
  }

  async #exchange(definition: FeedDefinition, recorder: Recorder | undefined): Promise<Feed> {
    const { clock, random, settingsOf, load } = this.#options;
    const { name, venue } = definition;
    if (venue === undefined) throw new NdtsError('INVALID_ARGUMENT', `${name}: expected a venue`);
    return createCcxtFeed({
      name,
      venue,
      symbols: await this.#symbols(definition),
      clock,
      random: random.fork(name),
      kinds: this.#kinds,
      settings: settingsOf?.(name) ?? {},
      ...(load === undefined ? {} : { load }),
      ...(recorder === undefined ? {} : { recorder }),
    });
  }

  async #fix(definition: FeedDefinition, recorder: Recorder | undefined): Promise<Feed> {
    const { clock, random, logger } = this.#options;
    const { name, fix } = definition;
    if (fix === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `${name}: expected the counterparty of FIX`);
    const symbols = await this.#symbols(definition);
    return createFixFeed({
      ...{ name, symbols, clock, random: random.fork(name), logger, kinds: this.#kinds },
      ...fixFeedSettings(name, fix, this.#options.secrets ?? new Map<string, string>()),
      ...(recorder === undefined ? {} : { recorder }),
    });
  }

  #files(definition: FeedDefinition): Feed {
    const { clock, door, unpack } = this.#options;
    const { name, paths, symbol, utcOffset, barSeconds } = definition;
    const format = fileFormatNames.find((one) => one === definition.format);
    if (paths === undefined || paths.length === 0)
      throw new NdtsError('INVALID_ARGUMENT', `${name}: expected paths of files`);
    if (definition.format !== undefined && format === undefined)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a format of ${fileFormatNames.join(', ')}; found ${definition.format}`,
      );
    return new FileFeed({
      name,
      paths,
      format: format satisfies FileFormatName | undefined,
      speed: definition.speed ?? 0,
      clock,
      ...admission(door),
      kinds: this.#kinds,
      symbol,
      utcOffset,
      barSeconds,
      unpack,
    });
  }

  async #recording(definition: FeedDefinition): Promise<Feed> {
    const { clock, door, random, recordingDir } = this.#options;
    const { name, recorded, venue, days, symbols } = definition;
    if (recorded === undefined || venue === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `${name}: expected what was recorded, and its venue`);
    const all = await listRecordings(join(recordingDir, recorded));
    const paths = all.filter((path) => {
      const day = recordingName.exec(path.slice(path.lastIndexOf('/') + 1))?.[1];
      return days === undefined || (day !== undefined && days.includes(day));
    });
    if (paths.length === 0) throw new NdtsError('NOT_FOUND', `${recorded}: no recordings`);
    const fix = fixDecoder(venue);
    return new RecordingFeed({
      name,
      paths,
      decoder: fix ?? ccxtDecoder(venue),
      abilities: fix === undefined ? ccxtAbilities : fixAbilities,
      bookVenue: ccxtBookVenue(venue),
      speed: definition.speed ?? 0,
      clock,
      random: random.fork(name),
      ...admission(door),
      kinds: this.#kinds,
      ...(symbols === undefined ? {} : { symbols }),
    });
  }

  #viewOf({ source, feed, refusal }: FeedSource): FeedView {
    const stats = feed.stats();
    const kept = this.#kept.get(feed.name);
    return {
      source,
      name: feed.name,
      kind: kept?.definition.kind ?? (feed instanceof LineFeed ? 'line' : 'simulator'),
      state: stats.state,
      reason: refusal === '' ? stats.reason : refusal,
      isEnded: stats.isEnded,
      polled: stats.polled,
      skipped: stats.skipped,
      backlog: stats.backlog,
      messages: stats.messages,
      malformed: stats.malformed,
      malformedBy: stats.malformedBy,
      reconnects: stats.reconnects,
      gaps: stats.gaps,
      gapsRepaired: stats.gapsRepaired,
      pauses: stats.pauses,
      clockOffsetMs: Number.isNaN(stats.clockOffsetNs) ? null : stats.clockOffsetNs / nsPerMs,
      recording: this.#recordingOf(feed.name, kept?.recorder),
      process: feed.process ?? null,
    };
  }

  #recordingOf(name: string, recorder: Recorder | undefined): FeedRecordingView | null {
    if (recorder === undefined) return null;
    const { messages, lost, fileBytes, reason } = recorder.stats();
    return { dir: join(this.#options.recordingDir, name), messages, lost, fileBytes, reason };
  }
}

/** What comes is messages, which can be recorded, and comes again after a restart. */
function hasMessages({ kind }: FeedDefinition): boolean {
  return kind === 'ccxt' || kind === 'fix';
}

function admission(door: FeedManagerOptions['door']): {
  readonly ensure: SymbolDoor['ensure'];
  readonly refusal: SymbolDoor['refusal'];
} {
  return { ensure: (names) => door.ensure(names), refusal: (name) => door.refusal(name) };
}
