// Numbers and times for people. Pure. Money arrives as exact decimal text and is only shortened.

const missing = '–';

export function count(value: number | undefined): string {
  if (value === undefined) return missing;
  return Math.round(value).toLocaleString('en-US');
}

/** Large counts short, so that a column never widens: 12,345 then 1.23 M. */
export function shortCount(value: number): string {
  if (value < 1e6) return count(value);
  if (value < 1e9) return `${(value / 1e6).toFixed(2)} M`;
  return `${(value / 1e9).toFixed(2)} G`;
}

export function price(value: number | null | undefined): string {
  return value === null || value === undefined ? missing : value.toFixed(decimalsOf(value));
}

export function decimalsOf(value: number): number {
  const size = Math.abs(value);
  return size >= 100 ? 2 : size >= 1 ? 4 : 6;
}

/** Decimal text with a fixed number of decimals, cut, with thousands. */
export function money(text: string | undefined, decimals = 2): string {
  if (text === undefined) return missing;
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** A price that came as decimal text. */
export function priceText(text: string): string {
  const value = Number(text);
  return value === 0 ? missing : price(value);
}

/** 'good', 'bad' or '' by sign. */
export function sign(text: string | undefined): string {
  const value = Number(text ?? 0);
  return value > 0 ? 'good' : value < 0 ? 'bad' : '';
}

export function milliseconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(0)} s`;
}

/** How long something lasts that may last for days. */
export function duration(ms: number): string {
  if (ms < 120e3) return milliseconds(ms);
  return ms < 120 * 60e3 ? `${Math.round(ms / 60e3)} min` : `${Math.round(ms / 3600e3)} h`;
}

export function microseconds(value: number): string {
  if (value < 100) return value.toFixed(1);
  if (value < 1e5) return count(value);
  return value < 1e6 ? `${Math.round(value / 1e3)} ms` : `${(value / 1e6).toFixed(1)} s`;
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

export function clockTime(timeMs: number): string {
  const time = new Date(timeMs);
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${part(time.getHours())}:${part(time.getMinutes())}:${part(time.getSeconds())}`;
}
