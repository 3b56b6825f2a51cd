// Which trading day a moment belongs to, where days begin in the evening before. What always holds:
// trading days are Monday to Friday; a night belongs to the next of them. Holidays need no list: an
// exchange that has night sessions holds none in the night before a holiday, so that nothing is
// opened in between.

import { msPerDay, type Time, timeFromMs } from '@ndts/protocol';

const nsPerMinute = 60e9;
const msPerMinute = 60_000;
const noon = 12 * 60;

/** Whole days since 1970. `startMinute`: of the UTC day; after noon the day is the one to come. */
export function tradingDayOf({ day, nsOfDay }: Time, startMinute: number): number {
  const began = nsOfDay >= startMinute * nsPerMinute ? day : day - 1;
  let trading = startMinute >= noon ? began + 1 : began;
  while (!isWeekday(trading)) trading += 1;
  return trading;
}

/** When a trading day began: on the evening of the one before. */
export function startOfTradingDay(tradingDay: number, startMinute: number): Time {
  let day = tradingDay;
  if (startMinute >= noon) {
    day -= 1;
    while (!isWeekday(day)) day -= 1;
  }
  return timeFromMs(day * msPerDay + startMinute * msPerMinute);
}

/** 1970-01-01 was a Thursday. */
function isWeekday(day: number): boolean {
  const weekday = (day + 4) % 7;
  return weekday !== 0 && weekday !== 6;
}
