// Symbols on first sight: a feed asks by name and gets the id, or learns that there is none yet or
// never will be. Registration goes through the cluster's registry and takes a while; the path does
// not wait for it. Always: no more symbols than the limit come in here, one name is asked for once,
// and what is refused is counted, with the first names of each reason kept for people to see.

import { errorLine } from '@ndts/protocol';
import type { Counter, Logger, Metrics } from '@ndts/runtime';
import type { SymbolEntry } from '@ndts/storage';
import type { NamePolicy, NameProblem } from './name-policy.js';

/** What is asked of the registry. */
export interface SymbolNames {
  all(): readonly SymbolEntry[];
  byName(name: string): SymbolEntry | undefined;
  ensure(names: readonly string[]): Promise<readonly SymbolEntry[]>;
}

export interface SymbolDoorOptions {
  readonly names: SymbolNames;
  readonly policy: NamePolicy;
  readonly countMax: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Before anybody gets the id: the engine must know it. */
  readonly onRegistered: (entry: SymbolEntry) => void;
}

export interface RefusedNames {
  readonly reason: NameProblem;
  readonly count: number;
  /** The first ones, cut to be shown. */
  readonly names: readonly string[];
}

/** Not a symbol yet; ask again. */
export const pendingSymbol = 0;
/** Refused; the rows of the name have no symbol. */
export const refusedSymbol = -1;

const namesShown = 10;
const shownCharacters = 80;
/** Names that are remembered as refused; beyond it they are judged each time. */
const rememberedMax = 10_000;
const batchMax = 1000;

const refusalWords: Readonly<Record<NameProblem, string>> = {
  empty: 'a symbol needs a name',
  long: 'longer than symbols.nameBytesMax',
  characters: 'has other characters than symbols.characters',
  full: 'there are symbols.countMax symbols',
};

export class SymbolDoor {
  readonly #options: SymbolDoorOptions;
  readonly #waiting = new Set<string>();
  readonly #known = new Map<string, number>();
  readonly #refused = new Map<string, NameProblem>();
  readonly #counts = new Map<NameProblem, { count: number; names: string[] }>();
  #busy: Promise<void> | undefined;
  /** Of the last registration; undefined: it went well. */
  #failure: Error | undefined;
  readonly #refusedTotal: Counter;
  #count: number;

  constructor(options: SymbolDoorOptions) {
    this.#options = options;
    this.#count = options.names.all().length;
    this.#refusedTotal = options.metrics.counter(
      'data_symbols_refused_total',
      'Names of feeds that may be no symbols, as often as they came.',
      ['reason'],
    );
  }

  /** The id of a symbol, or pendingSymbol, or refusedSymbol. */
  idOf(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#waiting.has(name)) return pendingSymbol;
    const entry = this.#options.names.byName(name);
    if (entry !== undefined) {
      this.#options.onRegistered(entry);
      this.#known.set(name, entry.id);
      return entry.id;
    }
    const problem = this.#refused.get(name) ?? this.#problem(name);
    if (problem !== undefined) {
      this.#refuse(name, problem);
      return refusedSymbol;
    }
    this.#waiting.add(name);
    return pendingSymbol;
  }

  /** Part of the duty cycle: registers what waits, one batch at a time. */
  doWork(): number {
    if (this.#waiting.size === 0 || this.#busy !== undefined) return 0;
    const names = [...this.#waiting].slice(0, batchMax);
    this.#busy = this.#register(names).finally(() => {
      this.#busy = undefined;
    });
    return names.length;
  }

  /** Ids of the names, those refused 0, once all are registered. Throws what the registry does. */
  async ensure(names: readonly string[]): Promise<Uint32Array> {
    const ids = new Uint32Array(names.length);
    let open = names.map((name, at) => ({ name, at }));
    for (;;) {
      open = open.filter(({ name, at }) => {
        const id = this.idOf(name);
        if (id > 0) ids[at] = id;
        return id === pendingSymbol;
      });
      if (open.length === 0) return ids;
      await this.#busy; // one that was begun before may not have these
      this.doWork();
      await this.#busy;
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Why a name may be no symbol. */
  refusal(name: string): string {
    const problem = this.#problem(name);
    return problem === undefined ? '' : refusalWords[problem];
  }

  /** Resolves when nothing is being registered. */
  async settle(): Promise<void> {
    await this.#busy;
  }

  /** Refused rows, by reason. */
  refused(): RefusedNames[] {
    return [...this.#counts].map(([reason, { count, names }]) => ({ reason, count, names }));
  }

  #problem(name: string): NameProblem | undefined {
    const problem = this.#options.policy.problem(name);
    if (problem !== undefined) return problem;
    return this.#count + this.#waiting.size >= this.#options.countMax ? 'full' : undefined;
  }

  #refuse(name: string, problem: NameProblem): void {
    const entry = this.#counts.get(problem) ?? { count: 0, names: [] };
    this.#counts.set(problem, entry);
    entry.count += 1;
    this.#refusedTotal.inc({ reason: problem });
    const shown = name.slice(0, shownCharacters);
    if (entry.names.length < namesShown && !entry.names.includes(shown)) entry.names.push(shown);
    // 'full' may pass: the limit can be raised, and others may register the name.
    if (problem === 'full' || this.#refused.has(name) || this.#refused.size >= rememberedMax)
      return;
    this.#refused.set(name, problem);
    this.#options.logger.warn({ name: shown, problem }, 'a name is no symbol');
  }

  async #register(names: readonly string[]): Promise<void> {
    const { logger, onRegistered } = this.#options;
    try {
      this.#failure = undefined;
      for (const entry of await this.#options.names.ensure(names)) {
        onRegistered(entry);
        this.#known.set(entry.name, entry.id);
        this.#count += 1;
      }
    } catch (error) {
      // They are asked for again by the next row.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      logger.error({ error: errorLine(error), names: names.length }, 'symbols not registered');
    } finally {
      for (const name of names) this.#waiting.delete(name);
    }
  }
}
