// Patterns of PostgreSQL's to_char(), to_timestamp() and to_date() as those of strftime() here.
//
// Always: what has no match is an error that names it, never another text than PostgreSQL's.

import { PostgresError } from './postgres-error.js';

/** By how they are written; the longer before the shorter. */
const patterns: readonly (readonly [string, string])[] = [
  ['YYYY', '%Y'],
  ['IYYY', '%G'],
  ['YY', '%y'],
  ['MM', '%m'],
  ['MI', '%M'],
  ['MS', '%g'],
  ['DDD', '%j'],
  ['DD', '%d'],
  ['HH24', '%H'],
  ['HH12', '%I'],
  ['HH', '%I'],
  ['SS', '%S'],
  ['US', '%f'],
  ['IW', '%V'],
  ['ID', '%u'],
  ['TZ', '%Z'],
];

/** Told apart by their case. */
const words: readonly (readonly [string, string])[] = [
  ['FMMonth', '%B'],
  ['Mon', '%b'],
  ['FMDay', '%A'],
  ['Dy', '%a'],
  ['AM', '%p'],
  ['PM', '%p'],
];

/** FM before them: without leading zeros. */
const bare = new Set(['MM', 'MI', 'DDD', 'DD', 'HH24', 'HH12', 'HH', 'SS', 'YY']);

function patternAt(text: string): { readonly made: string; readonly length: number } | undefined {
  const upper = text.toUpperCase();
  for (const [word, made] of words) if (text.startsWith(word)) return { made, length: word.length };
  const start = upper.startsWith('FM') ? 2 : 0;
  const found = patterns.find(([word]) => upper.startsWith(word, start));
  if (found === undefined) return undefined;
  const [word, code] = found;
  if (start > 0 && !bare.has(word)) return undefined;
  const made = word === 'TZ' ? 'UTC' : start === 0 ? code : `%-${code.slice(1)}`;
  return { made, length: start + word.length };
}

/** As PostgreSQL reads it: letters stand for themselves in quotes, and T where a time follows. */
export function timePattern(text: string): string {
  let made = '';
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const quoted = /^"((?:[^"\\]|\\.)*)"?/s.exec(rest);
    const sign = /^(?:[^A-Za-z"]|T(?=HH|hh))/.exec(rest)?.[0];
    const pattern = patternAt(rest);
    if (quoted !== null) {
      made += literal((quoted[1] ?? '').replaceAll(/\\(.)/gs, '$1'));
      at += quoted[0].length;
    } else if (pattern !== undefined) {
      made += pattern.made;
      at += pattern.length;
    } else if (sign !== undefined) {
      made += literal(sign);
      at += sign.length;
    } else {
      const word = /^[A-Za-z]+/.exec(rest)?.[0] ?? rest;
      throw new PostgresError('0A000', `the pattern ${word} of to_char is not supported`, {
        hint:
          'there are YYYY, MM, DD, DDD, HH24, HH12, MI, SS, MS, US, AM, Mon, FMMonth, Dy, FMDay, ' +
          'IYYY, IW, ID, TZ, FM before a number, and text in double quotes; strftime() has more',
      });
    }
  }
  return made;
}

function literal(text: string): string {
  return text.replaceAll('%', '%%');
}
