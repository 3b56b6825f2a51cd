// Parameters as people give them to a backtest: text by name, strict about names. Live, unknown
// names are left out; here a misspelt one would be a wrong result.

import { NdtsError } from '@ndts/protocol';
import type { AnyStrategy } from '../strategy/define.js';
import {
  type GivenParameters,
  type ParameterSpec,
  resolveParameters,
} from '../strategy/parameters.js';

/** INVALID_ARGUMENT for a name that the strategy does not declare. */
export function checkParameters(strategy: AnyStrategy, parameters: GivenParameters): void {
  const known = Object.keys(strategy.params);
  for (const name of Object.keys(parameters))
    if (!known.includes(name))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `${strategy.name}: expected parameters of ${known.join(', ') || 'none'}; found '${name}'`,
      );
}

function readText(spec: ParameterSpec, text: string): string | number | boolean {
  const isNumber = spec.type === 'integer' || spec.type === 'number';
  // What is no number stays text, so that the refusal names it.
  if (isNumber && text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text);
  if (spec.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** A parameter's value from text. INVALID_ARGUMENT: not declared, of another type, out of range. */
export function parseParameter(strategy: AnyStrategy, name: string, text: string) {
  const spec = strategy.params[name];
  if (spec === undefined || !Object.hasOwn(strategy.params, name)) {
    checkParameters(strategy, { [name]: text });
    throw new NdtsError('INTERNAL', `parameter ${name} has no declaration`);
  }
  const value = readText(spec, text);
  resolveParameters({ [name]: spec }, { [name]: value });
  return value;
}
