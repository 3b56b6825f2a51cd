// Which lines of a TypeScript source compile to code at all: those its source map points at. Line
// coverage counts these; comments, types and blank lines are nothing that could run.

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of one segment in base 64 with variable length. */
export function decodeSegment(text) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = digits.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

/** @param {string} mappings of a map with one source @returns {Set<number>} lines from 1 */
export function mappedLines(mappings) {
  const lines = new Set();
  let line = 0;
  for (const group of mappings.split(';'))
    for (const segment of group.split(',')) {
      const numbers = decodeSegment(segment);
      if (numbers.length < 4) continue;
      line += numbers[2];
      lines.add(line + 1);
    }
  return lines;
}
