// The page's style: system fonts, light and dark, narrow screens, print.

export const style = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --ink: #1d2126; --muted: #5c6570; --line: #d9dcdf; --panel: #f3f4f2;
  --teacher: #8a5a9e; --baseline: #b86a00; --student: #0a6a9c;
  --good: 10, 106, 156; --bad: 190, 50, 40;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #e6e8ea; --muted: #9aa4ae; --line: #343a41; --panel: #1e2227;
    --teacher: #c49ad8; --baseline: #eda540; --student: #5db8ea;
    --good: 70, 160, 215; --bad: 235, 95, 80;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
  overflow-wrap: break-word;
}
header p.kind { margin: 0; color: var(--muted); font-size: 0.875rem; }
h1 { margin: 0.1rem 0 0.4rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 3rem 0 0.75rem; font-size: 1.2rem; font-weight: 650; letter-spacing: -0.005em; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; font-weight: 650; }
p { max-width: 46rem; margin: 0 0 0.75rem; }
.verdict { margin: 1.5rem 0 1rem; padding-left: 1rem; border-left: 4px solid var(--student); }
.verdict p:first-child { font-size: 1.25rem; line-height: 1.4; }
.verdict p:last-child { margin-bottom: 0; }
.note, small, caption { color: var(--muted); font-size: 0.875rem; }
th small { display: block; font-weight: 400; }
code, pre { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 0.8125rem; }
pre { margin: 0; padding: 1rem; background: var(--panel); border-radius: 6px; line-height: 1.5; }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--student); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9375rem; }
caption { text-align: left; padding-bottom: 0.5rem; }
th, td { padding: 0.4rem 0.75rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th, tfoot th { font-weight: 600; }
tbody th { font-weight: 400; }
.clip { display: inline-block; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
th[scope='row'], td.text, th.text, thead th:first-child { text-align: left; }
td { white-space: nowrap; }
td.text { white-space: normal; }
td.text { overflow-wrap: anywhere; }
th:first-child, td:first-child { padding-left: 0; }
tfoot th, tfoot td { border-bottom: 0; }
table.summary { width: 100%; }
table.summary th[scope='col'] { min-width: 7rem; }
table.summary td.better { font-weight: 700; }
table.facts { width: 100%; }
table.facts th { font-weight: 400; color: var(--muted); padding-left: 0; white-space: nowrap; }
table.facts td { padding-right: 0; }
table.facts tfoot th, table.facts tfoot td { color: var(--ink); font-weight: 600; }
.key { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.45em; border-radius: 50%; background: var(--muted); }
.key.teacher { background: var(--teacher); }
.key.baseline { background: var(--baseline); }
.key.student { background: var(--student); }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 0.35rem; }
figure > .note { margin-top: 0; }
.chart svg { display: block; max-width: 100%; height: auto; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.75rem 2rem; margin-bottom: 1rem; }
.figures.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
.beside { display: grid; grid-template-columns: minmax(0, 27rem) minmax(0, 1fr); gap: 2rem; align-items: center; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 3rem; }
ul.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; list-style: none; padding: 0; margin: 0 0 1rem; font-size: 0.875rem; }
ul.legend svg { margin-right: 0.5rem; vertical-align: middle; }
.track { position: relative; height: 1.5rem; background: linear-gradient(var(--line), var(--line)) center / 100% 1px no-repeat; }
.dot { position: absolute; top: 50%; width: 0.9rem; height: 0.9rem; margin: -0.45rem 0 0 -0.45rem; border-radius: 50%; background: var(--muted); }
.dot.teacher { background: var(--teacher); }
.dot.baseline { background: var(--baseline); }
.dot.student { background: var(--student); }
.gap { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.3rem 1rem; max-width: 46rem; margin: 0 0 1.75rem; padding-right: 0.5rem; font-size: 0.9375rem; }
.gap .title, .gap .ends { grid-column: 2; color: var(--muted); font-size: 0.875rem; }
.gap .title { color: var(--ink); font-weight: 600; }
.gap .ends span { display: inline-block; min-width: 2rem; margin-left: -1rem; text-align: center; }
.gap .track { border-left: 1px solid var(--line); }
.gap .value { position: absolute; top: 0; margin-left: 0.75rem; padding: 0 0.3rem; background: var(--paper); font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.gap .value.before { margin-left: -0.75rem; transform: translateX(-100%); }
td.plot { width: 12rem; min-width: 8rem; padding-left: 1.25rem; padding-right: 1.25rem; text-align: left; vertical-align: middle; }
.plot .track { height: 1.2rem; }
.plot .dot { width: 0.65rem; height: 0.65rem; margin: -0.325rem 0 0 -0.325rem; }
table.breakdown tbody th, table.breakdown td { white-space: nowrap; }
table.breakdown thead th { vertical-align: bottom; }
table.breakdown td.better { color: rgb(var(--good)); font-weight: 600; }
table.breakdown td.worse { color: rgb(var(--bad)); font-weight: 600; }
tr.chosen th, tr.chosen td { font-weight: 700; }
ul.files { list-style: none; padding: 0; margin: 0; }
ul.files li { padding: 0.4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
ul.files small { display: block; }
ul.findings { list-style: none; padding: 0; margin: 0; }
table.matrix { font-size: 0.8125rem; }
table.matrix th, table.matrix td { padding: 0.3rem 0.15rem; min-width: 2.1rem; text-align: center; border: 1px solid var(--paper); }
table.matrix th { font-weight: 400; color: var(--muted); white-space: nowrap; }
table.matrix th .clip { max-width: 5.5rem; }
table.matrix th[scope='row'] { text-align: right; padding-right: 0.5rem; }
table.matrix.upright thead bdi { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; max-width: none; max-height: 9rem; overflow: hidden; text-overflow: ellipsis; }
table.matrix thead th { vertical-align: bottom; }
table.matrix td.corner { background: none; vertical-align: bottom; text-align: right; padding-right: 0.5rem; line-height: 1.3; }
table.matrix td { background: var(--panel); height: 2rem; vertical-align: middle; }
table.matrix td.right { background: rgba(var(--good), calc(var(--shade) * 0.42)); }
table.matrix td.wrong { background: linear-gradient(rgba(var(--bad), var(--shade)), rgba(var(--bad), var(--shade))), var(--panel); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1.25rem 1rem; }
.picture { break-inside: avoid; }
.picture img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; background: var(--panel); border-radius: 4px; }
.picture figcaption { margin: 0.4rem 0 0; font-weight: 400; font-size: 0.875rem; line-height: 1.4; }
.picture figcaption > * { display: flex; align-items: baseline; min-width: 0; }
.picture bdi { max-width: none; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.picture b { margin-left: 0.35em; font-weight: 400; white-space: nowrap; }
.picture .key { flex: none; }
.findings li { display: grid; grid-template-columns: 1.75rem 1fr; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
.findings small { display: block; }
.findings .mark { font-weight: 700; }
.findings .ok .mark { color: rgb(var(--good)); }
.findings .warning .mark { color: var(--baseline); }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--muted); font-size: 0.875rem; }
footer { margin-top: 3rem; color: var(--muted); font-size: 0.875rem; }
@media (max-width: 40rem) {
  body { padding-top: 1.25rem; }
  .beside { grid-template-columns: minmax(0, 1fr); }
  th, td { padding: 0.35rem 0.5rem; }
  table.summary th[scope='row'] small { display: none; }
  table.summary th[scope='col'] { min-width: 4.5rem; }
  table.summary th[scope='row'] { min-width: 6rem; }
  td.plot { min-width: 6rem; padding-left: 0.75rem; padding-right: 0.75rem; }
  .clip { max-width: 5.5rem; }
  table.breakdown { font-size: 0.8125rem; }
  table.breakdown th, table.breakdown td { padding-left: 0.3rem; padding-right: 0.3rem; }
  table.breakdown th:first-child { padding-left: 0; }
  table.breakdown .plot, table.breakdown td span, table.breakdown thead th.text { font-size: 0; }
  table.breakdown .plot, table.breakdown th .key { display: none; }
  table.breakdown .clip { max-width: 5rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444; --line: #bbb; --panel: #f2f2f2;
    --teacher: #8a5a9e; --baseline: #b86a00; --student: #0a6a9c; --good: 10, 106, 156; --bad: 190, 50, 40; }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, figcaption { break-after: avoid; }
  figure, tr, .findings li { break-inside: avoid; }
  details { display: none; }
  pre { white-space: pre-wrap; }
  h2 + p, h3 + p { break-after: avoid; }
  .columns, .figures.wide { grid-template-columns: 1fr 1fr; gap: 1rem 2rem; }
  .scroll { overflow: visible; }
}
`;
