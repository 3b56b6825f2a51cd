// The marked exception to the ban of ambient things: `// ambient: reason` on the line itself or in
// the comment right above it. A mark excuses one line; one that excuses nothing is itself refused,
// so that marks cannot outlive what they excuse.

const markPattern = /\/\/\s*ambient:\s*(\S.*)?$/;

/** The line (from 1) a mark on this line excuses: itself, or the next one that holds code. */
function excusedLine(source, line) {
  const codeLines = source.code.split('\n');
  if (codeLines[line - 1].trim() !== '') return line;
  let next = line + 1;
  while (next <= source.lines.length && source.lines[next - 1].trim().startsWith('//')) next += 1;
  return next;
}

/**
 * @param {import('../lib/source-text.mjs').Source} source
 * @param {{ line: number, name: string, optional?: boolean }[]} uses an optional one may be marked
 * @returns {{ path: string, line: number, message: string }[]}
 */
export function checkMarks(source, uses) {
  const excused = new Map();
  const violations = [];
  const refuse = (line, message) => violations.push({ path: source.path, line, message });
  for (const [index, text] of source.lines.entries()) {
    const match = markPattern.exec(text);
    if (match === null || source.code.split('\n')[index].includes('ambient:')) continue;
    if ((match[1] ?? '').trim().length < 5) refuse(index + 1, 'an ambient mark needs its reason');
    excused.set(excusedLine(source, index + 1), { line: index + 1, used: false });
  }
  for (const { line, name, optional } of uses) {
    const mark = excused.get(line);
    if (mark === undefined && optional === true) continue;
    if (mark === undefined)
      refuse(line, `${name} is ambient: have it handed in, or mark it // ambient: reason`);
    else mark.used = true;
  }
  for (const mark of excused.values())
    if (!mark.used) refuse(mark.line, 'this ambient mark excuses nothing');
  return violations;
}
