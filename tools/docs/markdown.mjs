// What the docs checker reads in a Markdown file: links, headings, code. All with their lines.

/** Lines outside fenced blocks keep their text; lines inside are in `fenced`. */
export function readMarkdown(text) {
  const prose = [];
  const fenced = [];
  let fence;
  for (const line of text.split('\n')) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    const toggles = mark !== undefined && (fence === undefined || mark.startsWith(fence));
    prose.push(fence === undefined && !toggles ? line : '');
    fenced.push(fence !== undefined && !toggles ? line : '');
    if (toggles) fence = fence === undefined ? mark : undefined;
  }
  return { prose, fenced };
}

/** @returns {{ line: number, target: string }[]} of links and pictures in prose */
export function findLinks({ prose }) {
  const found = [];
  for (const [index, line] of prose.entries()) {
    const plain = line.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    for (const match of plain.matchAll(/\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g))
      found.push({ line: index + 1, target: match[1] });
  }
  return found;
}

/** @returns {{ line: number, level: number, text: string }[]} */
export function findHeadings({ prose }) {
  const found = [];
  for (const [index, line] of prose.entries()) {
    const match = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (match !== null) found.push({ line: index + 1, level: match[1].length, text: match[2] });
  }
  return found;
}

/** The anchor that a heading gets. */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** @returns {{ line: number, code: string }[]} words in backticks, and lines of fenced blocks */
export function findCode({ prose, fenced }) {
  const found = [];
  for (const [index, line] of prose.entries())
    for (const match of line.matchAll(/`([^`]+)`/g))
      found.push({ line: index + 1, code: match[1] });
  for (const [index, line] of fenced.entries())
    if (line.trim() !== '') found.push({ line: index + 1, code: line });
  return found;
}
