// Settings on the command line: --a.b=value or --a.b value for any configuration key, beside the
// few options every command has.

import { NdtsError } from '@ndts/protocol';

export interface Settings {
  /** Configuration keys given as flags. */
  readonly keys: Record<string, string>;
  /** Everything that is not a flag. */
  readonly words: string[];
}

/** Splits what the option parser did not know into configuration keys and words. */
export function parseSettings(unparsed: readonly string[]): Settings {
  const keys: Record<string, string> = {};
  const words: string[] = [];
  for (let index = 0; index < unparsed.length; index += 1) {
    const text = unparsed[index] ?? '';
    if (!text.startsWith('--')) {
      words.push(text);
      continue;
    }
    const equals = text.indexOf('=');
    const key = text.slice(2, equals > 0 ? equals : undefined);
    if (Object.hasOwn(keys, key))
      throw new NdtsError('CONFIG_INVALID_VALUE', `--${key} is given twice`);
    if (equals > 0) {
      keys[key] = text.slice(equals + 1);
      continue;
    }
    // Without a value the key is checked all the same: a misspelt one gets its proposal.
    const value = unparsed[index + 1];
    const given = value !== undefined && !value.startsWith('--');
    keys[key] = given ? value : '';
    if (given) index += 1;
  }
  return { keys, words };
}

export function refuseWords(words: readonly string[], command: string): void {
  if (words.length > 0)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `ndts ${command}: unexpected '${words.join(' ')}' (ndts ${command} --help)`,
    );
}
