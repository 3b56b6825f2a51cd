// A bar that fills, for one line of a terminal.

const cells = 24;

export function progressBar(part: number): string {
  const within = Math.min(1, Math.max(0, part));
  const full = Math.round(within * cells);
  const percent = `${Math.floor(within * 100)}%`.padStart(4);
  return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}]${percent}`;
}
