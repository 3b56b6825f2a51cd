// The limits of quality as the configuration has them: one class of everybody, and those of
// quality.classes, "PATTERN key=ms ...", whose pattern may have * for any characters. The first
// pattern that a name matches is its class.

import { type ConfigValues, NdtsError, nsPerMs } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import type { QualityLimits, QualityRules } from './symbol-quality.js';

type Settings = Record<'staleMs' | 'gapMs' | 'crossedMs' | 'settleMs', number>;

interface QualityClass {
  readonly pattern: RegExp;
  readonly limits: QualityLimits;
}

export class QualityClasses {
  readonly #limits: QualityLimits;
  readonly #classes: readonly QualityClass[];

  constructor(config: ConfigValues['quality']) {
    const { staleMs, gapMs, crossedMs, settleMs } = config;
    const standard = { staleMs, gapMs, crossedMs, settleMs };
    this.#limits = limitsOf(standard);
    this.#classes = config.classes.map((text) => parseClass(text, standard));
  }

  /** The rules for these symbols. */
  rules(symbols: readonly SymbolEntry[]): QualityRules {
    const classes = [this.#limits, ...this.#classes.map((one) => one.limits)];
    if (this.#classes.length === 0) return { classes, classOf: new Uint16Array(0) };
    const end = symbols.reduce((most, { id }) => Math.max(most, id + 1), 0);
    const classOf = new Uint16Array(end);
    for (const { id, name } of symbols)
      classOf[id] = 1 + this.#classes.findIndex(({ pattern }) => pattern.test(name));
    return { classes, classOf };
  }
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
  return { pattern: new RegExp(`^${escaped}$`, 'u'), limits: limitsOf(settings) };
}

function limitsOf(settings: Settings): QualityLimits {
  return {
    staleNs: settings.staleMs * nsPerMs,
    gapNs: settings.gapMs * nsPerMs,
    crossedNs: settings.crossedMs * nsPerMs,
    settleNs: settings.settleMs * nsPerMs,
  };
}
