// Which cleaning rules are in force: of the configuration and, where one is set, of a file of rules
// that is read again when it changes and when somebody asks for it. Always: the cleaner has the
// rules of one whole file; a wrong file, and a change that cannot be audited, leave the rules of
// before, and say why.

import { type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import {
  type CleanRulesView,
  type CleanSymbolRules,
  type Clock,
  type ConfigValues,
  errorLine,
  NdtsError,
  nsPerMs,
  type TickBatch,
} from '@ndts/protocol';
import {
  type AuditLog,
  type DaySpan,
  type Logger,
  parseTextDocument,
  readTextDocument,
  type TextDocument,
  textFormatOf,
} from '@ndts/runtime';
import type { SymbolDirectory } from '../serve/symbols.js';
import { rulesDifference } from './difference.js';
import { CompiledRules } from './rules.js';
import { noRules, readRules, type RulesFile } from './rules-file.js';
import { defaultSettings, type RulesTaker } from './settings.js';

export interface RulesKeeperOptions {
  readonly config: ConfigValues;
  readonly cleaner: RulesTaker;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** undefined: in tests. */
  readonly audit: Pick<AuditLog, 'record'> | undefined;
}

/** Who asked for a change; the node itself where the file changed. */
export interface Actor {
  readonly actor: string;
  readonly role: string;
}

const lookNs = 2000 * nsPerMs;
const node: Actor = { actor: 'data-node', role: '' };
const daysBack = 20 * 366;
const daysAhead = 2 * 366;
/** Calendars are compiled again so long before they end. */
const daysLeft = 366;
const changesShown = 200;

export class RulesKeeper {
  readonly #options: RulesKeeperOptions;
  readonly #path: string;
  #rules: CompiledRules;
  #problem = '';
  #loadedMs: number;
  /** Of the file that was read last, and as it was seen last. */
  #signature = '';
  #seen = '';
  /** By symbol id: 1 has its plan, 2 has that of symbols without a name. */
  #known = new Uint8Array(0);
  #lookAtNs = 0;
  #looking: Promise<void> | undefined;

  /** Reads the file; a wrong one throws: there are no rules of before. */
  constructor(options: RulesKeeperOptions) {
    this.#options = options;
    this.#path = options.config.clean.rules;
    if (this.#path !== '') this.#signature = signatureNow(this.#path);
    const file = this.#path === '' ? noRules : this.#read(readTextDocument(this.#path));
    this.#rules = this.#compile(file);
    this.#apply(this.#rules);
    this.#loadedMs = options.clock.nowMs();
    if (this.#path !== '') this.#record(node, rulesDifference(noRules, file), 'ok at the start');
  }

  get rules(): CompiledRules {
    return this.#rules;
  }

  /** Why the file is not in force as it is; empty when it is. */
  get problem(): string {
    return this.#problem;
  }

  /** Symbols that came since get their plans: before their first tick is cleaned. */
  cover(batch: TickBatch): void {
    const known = this.#known;
    for (let row = 0; row < batch.count; row += 1)
      if (!known[batch.symbol[row]!]) {
        this.#learn(batch);
        return;
      }
  }

  /** To be called now and then: looks whether the file changed, at most every two seconds, without
   * waiting for the disk. A file that is being written is left alone. */
  poll(nowNs: number): void {
    if (nowNs < this.#lookAtNs || this.#looking !== undefined) return;
    this.#lookAtNs = nowNs + lookNs;
    const today = this.#options.clock.now().day;
    if (today + daysLeft > this.#rules.span.lastDay) this.#apply(this.#compile(this.#rules.file));
    this.#nameUnknown();
    if (this.#path === '') return;
    this.#looking = this.#look()
      .catch((error: unknown) => this.#options.logger.error({ error }, 'cleaning rules'))
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Once nothing is looked at. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  /** Reads the file now. Throws what is wrong with it. */
  async reload(by: Actor): Promise<CleanRulesView> {
    if (this.#path === '')
      throw new NdtsError('INVALID_ARGUMENT', 'clean.rules is not set: there is no file to read');
    this.#signature = await signatureOf(this.#path);
    this.#change(await readFile(this.#path, 'utf8').catch(unreadable), by);
    if (this.#problem !== '') throw new NdtsError('INVALID_ARGUMENT', this.#problem);
    return this.view();
  }

  /** Of a symbol, where one is named. */
  view(symbol?: string): CleanRulesView {
    const how = { file: this.#path, loadedMs: this.#loadedMs, problem: this.#problem };
    return rulesView(this.#rules, how, symbol);
  }

  async #look(): Promise<void> {
    const signature = await signatureOf(this.#path);
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (!isSettled || signature === this.#signature) return;
    const text = await readFile(this.#path, 'utf8').catch(unreadable);
    if ((await signatureOf(this.#path)) !== signature) return;
    this.#signature = signature;
    this.#change(text, node);
  }

  #change(text: string | Error, by: Actor): void {
    const { logger, clock } = this.#options;
    const compiled = text instanceof Error ? text : this.#attempt(text);
    if (!(compiled instanceof CompiledRules)) {
      this.#refuse(compiled, by);
      return;
    }
    const changes = rulesDifference(this.#rules.file, compiled.file);
    try {
      if (changes.length > 0) this.#record(by, changes, 'ok');
    } catch (error) {
      this.#refuse(error instanceof Error ? error : new Error(String(error)), undefined);
      return;
    }
    this.#apply(compiled);
    this.#problem = '';
    this.#loadedMs = clock.nowMs();
    logger.info({ file: this.#path, changes: changes.slice(0, changesShown) }, 'cleaning rules');
  }

  /** @param by undefined: the audit log takes nothing */
  #refuse(error: Error, by: Actor | undefined): void {
    const problem = errorLine(error);
    if (problem === this.#problem && by === node) return;
    this.#problem = problem;
    this.#options.logger.error({ file: this.#path, problem }, 'cleaning rules stay as they were');
    try {
      if (by !== undefined) this.#record(by, [problem], 'refused');
    } catch (failure) {
      this.#options.logger.error({ error: failure }, 'the audit log cannot be written');
    }
  }

  #attempt(text: string): CompiledRules | Error {
    try {
      const document = parseTextDocument(text, textFormatOf(this.#path), this.#path);
      return this.#compile(this.#read(document));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #read(document: TextDocument): RulesFile {
    return readRules(document, defaultSettings(this.#options.config));
  }

  #compile(file: RulesFile): CompiledRules {
    const { config, clock } = this.#options;
    return new CompiledRules(file, defaultSettings(config), calendarSpan(clock));
  }

  #apply(rules: CompiledRules): void {
    const symbols = this.#options.symbols.all();
    this.#options.cleaner.setRules(rules.native(symbols));
    this.#rules = rules;
    this.#known = new Uint8Array(symbols.reduce((most, { id }) => Math.max(most, id), 0) + 1);
    for (const { id } of symbols) this.#known[id] = 1;
  }

  #learn(batch: TickBatch): void {
    let most = 0;
    for (let row = 0; row < batch.count; row += 1) most = Math.max(most, batch.symbol[row]!);
    this.#nameAll(most);
    for (let row = 0; row < batch.count; row += 1) this.#known[batch.symbol[row]!] ||= 2;
  }

  #nameUnknown(): void {
    if (this.#known.includes(2)) this.#nameAll(0);
  }

  #nameAll(idMax: number): void {
    const fresh = this.#options.symbols.all().filter(({ id }) => this.#known[id] !== 1);
    const length = fresh.reduce((most, { id }) => Math.max(most, id), idMax) + 1;
    if (length > this.#known.length) {
      const known = new Uint8Array(length);
      known.set(this.#known);
      this.#known = known;
    }
    for (const { id, name } of fresh) {
      this.#options.cleaner.assign(id, this.#rules.planOf(name));
      this.#known[id] = 1;
    }
  }

  #record(by: Actor, changes: readonly string[], outcome: string): void {
    const more = changes.length - changesShown;
    const shown = changes.slice(0, changesShown);
    if (more > 0) shown.push(`and ${more} more`);
    const detail = { file: this.#path, changes: shown };
    this.#options.audit?.record({ ...by, action: 'clean-rules', detail, outcome });
  }
}

/** Rules for people; of a symbol, where one is named. */
export function rulesView(
  rules: CompiledRules,
  how: Pick<CleanRulesView, 'file' | 'loadedMs' | 'problem'>,
  symbol?: string,
): CleanRulesView {
  const { file, plans } = rules;
  return {
    ...how,
    classes: [...file.classes.keys()],
    calendars: [...file.calendars.keys()],
    entries: file.symbols.length,
    plans,
    ...(symbol === undefined ? {} : { symbol: symbolView(rules, symbol) }),
  };
}

function symbolView(rules: CompiledRules, name: string): CleanSymbolRules {
  const { class: of, match, settings } = rules.rulesOf(name);
  return { name, class: of, match, settings: { ...settings } };
}

/** What calendars are compiled for by who runs now. */
export function calendarSpan(clock: Clock): DaySpan {
  const today = clock.now().day;
  return { firstDay: today - daysBack, lastDay: today + daysAhead };
}

/** Another one: the file changed. */
function signatureIn({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`;
}

function signatureNow(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'missing' : signatureIn(stats);
}

async function signatureOf(path: string): Promise<string> {
  try {
    return signatureIn(await stat(path));
  } catch {
    return 'missing';
  }
}

function unreadable(error: unknown): Error {
  return new NdtsError(
    'CONFIG_UNREADABLE',
    error instanceof Error ? error.message : String(error),
    { cause: error },
  );
}
