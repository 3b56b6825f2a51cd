// How a report looks, by day and by night and on paper.

export const reportStyle = `
:root { color-scheme: light dark; --ground: #fbfbfd; --card: #fff; --ink: #1d2430; --faint: #667085;
  --edge: #e4e7ec; --blue: #2f6fed; --red: #d0384a; --green: #17895a; --violet: #7a5af8; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f131a; --card: #171c26; --ink: #e6e9ef;
  --faint: #98a2b3; --edge: #2a3240; --blue: #5b9bff; --red: #f2566a; --green: #2fbf8a;
  --violet: #9a7bff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 60px; }
header { display: flex; align-items: baseline; gap: 14px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 34px 0 10px; }
header p, .note, .empty { color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); gap: 10px;
  margin: 14px 0 18px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
  padding: 10px 12px; }
.card span { display: block; color: var(--faint); font-size: 12px; }
.card b { font-size: 16px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--green); } .bad { color: var(--red); }
figure { margin: 0 0 14px; background: var(--card); border: 1px solid var(--edge);
  border-radius: 10px; padding: 10px 12px 4px; }
figcaption { color: var(--faint); font-size: 12px; margin-bottom: 4px; }
.key { margin-left: 14px; } .key::before { content: ""; display: inline-block; width: 14px;
  height: 3px; margin-right: 5px; vertical-align: middle; background: currentColor; }
.key.gross { color: var(--blue); } .key.net { color: var(--violet); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--faint); font-size: 11px; font-variant-numeric: tabular-nums; }
polyline { fill: none; stroke-width: 1.4; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
.grid { stroke: var(--edge); stroke-width: 1; }
polyline.equity, polyline.gross { stroke: var(--blue); } polyline.drawdown { stroke: var(--red); }
polyline.net { stroke: var(--violet); }
.area { stroke: none; opacity: 0.16; } polygon.drawdown { fill: var(--red); }
polygon.gross { fill: var(--blue); }
rect.gain { fill: var(--green); } rect.loss { fill: var(--red); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 14px;
  align-items: start; }
table { border-collapse: collapse; width: 100%; background: var(--card);
  font-variant-numeric: tabular-nums; }
.pairs { border: 1px solid var(--edge); border-radius: 10px; border-collapse: separate;
  border-spacing: 0; }
th, td { padding: 5px 10px; text-align: left; border-bottom: 1px solid var(--edge); }
th { font-weight: 500; color: var(--faint); } .pairs td { text-align: right;
  overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
.wide { overflow-x: auto; border: 1px solid var(--edge); border-radius: 10px; margin-top: 10px; }
tr:last-child > * { border-bottom: 0; }
`;
