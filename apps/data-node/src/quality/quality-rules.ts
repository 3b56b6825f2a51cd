// The limits of quality of each symbol: those of quality.classes, "PATTERN key=ms ...", whose
// pattern may have * for any characters and of which the first that matches decides; else what the
// symbol's class in the file of cleaning rules says under `quality`; else those of everybody.

import { type ConfigValues, NdtsError, nsPerMs } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import type { CleanSettings, QualitySettings } from '../clean/settings.js';
import type { QualityLimits, QualityRules } from './symbol-quality.js';

type Settings = Record<keyof QualitySettings, number>;

interface QualityClass {
  readonly pattern: RegExp;
  readonly settings: Settings;
}

/** What the file of cleaning rules says of symbols, by its classes. */
export interface FileClasses {
  rulesOf(name: string): { readonly settings: Pick<CleanSettings, 'quality'> };
}

export class QualityClasses {
  readonly #standard: Settings;
  readonly #classes: readonly QualityClass[];
  readonly #file: () => FileClasses | undefined;
  #seen: FileClasses | undefined;

  /** `file`: another object each time the file's rules changed. */
  constructor(config: ConfigValues['quality'], file: () => FileClasses | undefined = noFile) {
    const { staleMs, gapMs, crossedMs, settleMs } = config;
    this.#standard = { staleMs, gapMs, crossedMs, settleMs };
    this.#classes = config.classes.map((text) => parseClass(text, this.#standard));
    this.#file = file;
  }

  /** Whether the file's rules are others than those of the last rules(). */
  hasChanged(): boolean {
    return this.#file() !== this.#seen;
  }

  /** The rules for these symbols. */
  rules(symbols: readonly SymbolEntry[]): QualityRules {
    const file = this.#file();
    this.#seen = file;
    const classes = [limitsOf(this.#standard)];
    const known = new Map([[keyOf(this.#standard), 0]]);
    const end = symbols.reduce((most, { id }) => Math.max(most, id + 1), 0);
    const classOf = new Uint16Array(end);
    for (const { id, name } of symbols) {
      const settings = this.#settingsOf(name, file);
      const key = keyOf(settings);
      const at = known.get(key) ?? classes.push(limitsOf(settings)) - 1;
      known.set(key, at);
      classOf[id] = at;
    }
    return { classes, classOf };
  }

  #settingsOf(name: string, file: FileClasses | undefined): Settings {
    const own = this.#classes.find(({ pattern }) => pattern.test(name));
    if (own !== undefined) return own.settings;
    return { ...this.#standard, ...file?.rulesOf(name).settings.quality };
  }
}

const noFile = (): undefined => undefined;

function keyOf({ staleMs, gapMs, crossedMs, settleMs }: Settings): string {
  return `${staleMs} ${gapMs} ${crossedMs} ${settleMs}`;
}

function parseClass(text: string, standard: Settings): QualityClass {
  const [name = '', ...words] = text.trim().split(/\s+/);
  const settings = { ...standard };
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    const ms = Number(value);
    if (!Object.hasOwn(settings, key) || value === '' || !Number.isSafeInteger(ms) || ms < 0)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `quality.classes: expected ${Object.keys(standard).join('=, ')}= with milliseconds, ` +
          `found '${word}'`,
      );
    settings[key as keyof Settings] = ms;
  }
  if (name === '' || name.includes('='))
    throw new NdtsError('INVALID_ARGUMENT', `quality.classes: no name in '${text}'`);
  const escaped = name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return { pattern: new RegExp(`^${escaped}$`, 'u'), settings };
}

function limitsOf(settings: Settings): QualityLimits {
  return {
    staleNs: settings.staleMs * nsPerMs,
    gapNs: settings.gapMs * nsPerMs,
    crossedNs: settings.crossedMs * nsPerMs,
    settleNs: settings.settleMs * nsPerMs,
  };
}
