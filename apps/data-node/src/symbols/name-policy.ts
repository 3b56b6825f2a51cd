// Which names may become symbols on first sight. A name is there for ever, so what a venue or a
// stranger sends is looked at before it is one. Always: a name that is a symbol already is never
// looked at again, whatever the policy says now.

import { NdtsError } from '@ndts/protocol';

export type NameProblem = 'empty' | 'long' | 'characters' | 'full';

export class NamePolicy {
  readonly #bytesMax: number;
  readonly #allowed = new Uint8Array(128);

  /** `characters`: ASCII, a-z being a range; a minus at the end is itself. */
  constructor(characters: string, bytesMax: number) {
    this.#bytesMax = bytesMax;
    for (let at = 0; at < characters.length; at += 1) {
      const from = codeAt(characters, at);
      const isRange = characters[at + 1] === '-' && at + 2 < characters.length;
      const to = isRange ? codeAt(characters, at + 2) : from;
      if (to < from)
        throw new NdtsError(
          'INVALID_ARGUMENT',
          `symbols.characters: '${characters.slice(at, at + 3)}' is no range`,
        );
      this.#allowed.fill(1, from, to + 1);
      if (isRange) at += 2;
    }
  }

  /** Undefined: the name may be a symbol. */
  problem(name: string): NameProblem | undefined {
    if (name.length === 0) return 'empty';
    if (name.length > this.#bytesMax) return 'long';
    for (let at = 0; at < name.length; at += 1)
      if (this.#allowed[name.charCodeAt(at)] !== 1) return 'characters';
    return undefined;
  }
}

function codeAt(characters: string, at: number): number {
  const code = characters.charCodeAt(at);
  if (code > 32 && code < 127) return code;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `symbols.characters: expected printable ASCII without spaces, found code ${code}`,
  );
}
