"""The style of the page: light, or dark where the reader's system is."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d2433; --soft: #5b6577; --line: #dcdfe6;
  --in: #e3effb; --in-line: #7fa9d6; --out: #e6f4e6; --out-line: #7fb886;
  --stage: #fdf1dc; --stage-line: #dba94e; --base: #2b3346; --base-ink: #f4f5f8;
  --error: #b3261e; --warning: #8a5a00; --note: #245fa8; --code: #f1f2f5; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171d; --card: #1c2028; --ink: #e7e9ee; --soft: #9aa4b5; --line: #333a47;
  --in: #1d3146; --in-line: #4f7fb3; --out: #1d3726; --out-line: #4f9160;
  --stage: #3b2f18; --stage-line: #b58a3c; --base: #d9dee8; --base-ink: #171b23;
  --error: #ff8a80; --warning: #f0c15c; --note: #8ab8f2; --code: #272c36; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 34px 22px 48px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 13px; letter-spacing: .08em; text-transform: uppercase; color: var(--soft);
  margin: 32px 0 10px; font-weight: 600; }
p { margin: 0 0 8px; max-width: 76ch; overflow-wrap: anywhere; }
.doc { color: var(--soft); font-size: 16px; }
code, .name, .formula { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
code { font-size: 13.5px; background: var(--code); padding: 1px 5px; border-radius: 5px;
  overflow-wrap: break-word; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.drawing { overflow-x: auto; padding: 14px; }
.drawing svg { display: block; margin: 0 auto; max-width: 100%; min-width: 700px; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 9px 14px; }
tr + tr td { border-top: 1px solid var(--line); }
th { font-size: 12px; color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
td:first-child { min-width: 90px; }
.sums { font-size: 14px; }
.fixed { white-space: nowrap; }
.quiet { color: var(--soft); font-size: 13.5px; }
.badge { font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 20px;
  border: 1px solid currentColor; white-space: nowrap; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
.numbers { display: flex; flex-wrap: wrap; gap: 12px; }
.number { padding: 12px 18px; flex: 1 1 210px; }
.number b { display: block; font-size: 25px; line-height: 1.25; }
footer { margin-top: 36px; color: var(--soft); font-size: 13px; }
svg text { fill: var(--ink); text-anchor: middle; font-size: 13px; }
svg text.start { text-anchor: start; }
svg .name { font-size: 13px; font-weight: 600; } svg .strong { font-weight: 600; }
svg .small { font-size: 11px; fill: var(--soft); } svg .sub { font-size: 9px; }
svg .round + .small, svg .small.strong { fill: var(--ink); }
svg .formula { font-size: 12.5px; } svg .label { font-size: 11px; fill: var(--soft); }
svg .big { font-size: 17px; font-weight: 700; fill: var(--base-ink); }
svg .on { fill: var(--base-ink); }
svg rect { stroke-width: 1.3; }
svg .tensor.in { fill: var(--in); stroke: var(--in-line); }
svg .tensor.out { fill: var(--out); stroke: var(--out-line); }
svg .stage { fill: var(--stage); stroke: var(--stage-line); }
svg .round { fill: var(--card); stroke: var(--soft); }
svg .base { fill: var(--base); stroke: none; }
svg .flow { fill: none; stroke: var(--soft); stroke-width: 1.5; }
svg .element { fill: none; stroke: var(--stage-line); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .tip { fill: var(--soft); }
@media print { body { background: none; } .card { break-inside: avoid; } }
"""
