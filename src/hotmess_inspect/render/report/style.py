"""The page's looks: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a2e; --paper: #ffffff; --faint: #b4b4c0; --quiet: #62626f; --line: #dcdce4; --link: #0b4f96; --shade: #f5f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8f0; --paper: #15151c; --faint: #5c5c6c; --quiet: #a3a3b2; --line: #33333f; --link: #7db8ff; --shade: #1e1e28; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 84rem; margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2.5rem) 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 0.6rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
.verdict h2 { font-size: 1rem; border: 0; margin: 0.3rem 0; font-weight: 400; overflow-wrap: anywhere; }
.verdict ul { margin: 0.4rem 0; padding-left: 1.2rem; }
h3, h4 { font-size: 1rem; margin: 0.6rem 0 0.3rem; overflow-wrap: anywhere; }
p, li { max-width: 60rem; overflow-wrap: anywhere; }
a { color: var(--link); }
code { font-size: 0.9em; overflow-wrap: anywhere; }
.verdict { border-left: 4px solid var(--link); padding: 0.1rem 0 0.1rem 1rem; margin: 1rem 0; break-inside: avoid; }
.verdict p { margin: 0.3rem 0; }
.finding { font-size: 1.1rem; font-weight: 600; }
.scroll { overflow-x: auto; }
@media screen and (max-width: 45rem) {
  .scroll {
    background: linear-gradient(90deg, var(--paper) 30%, transparent) left / 3rem 100% no-repeat local,
      linear-gradient(270deg, var(--paper) 30%, transparent) right / 3rem 100% no-repeat local,
      linear-gradient(90deg, var(--faint), transparent) left / 0.9rem 100% no-repeat scroll,
      linear-gradient(270deg, var(--faint), transparent) right / 0.9rem 100% no-repeat scroll;
  }
}
table { border-collapse: collapse; font-size: 0.78rem; }
th, td { padding: 0.25rem 0.4rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td { overflow-wrap: break-word; max-width: 22rem; }
td:last-child { max-width: 44rem; }
td:first-child { min-width: 4rem; }
th.n { text-align: right; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid var(--line); font-weight: 600; }
tbody tr:hover { background: var(--shade); }
tr.quiet { color: var(--quiet); }
@media screen and (max-width: 45rem) {
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .stack table, .stack tbody { display: block; }
  .stack tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); gap: 0.25rem 0.6rem; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  .stack td { display: block; border: 0; padding: 0; max-width: none; min-width: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  .stack td:first-child, .stack td.w { grid-column: 1 / -1; }
  .stack td:first-child { font-weight: 600; }
  .stack td[data-name]::before { content: attr(data-name); display: block; color: var(--quiet); font-size: 0.7rem; line-height: 1.2; }
}
.key { list-style: none; padding: 0; columns: 28rem; font-size: 0.86rem; }
.key li { break-inside: avoid; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 1.2rem; }
.words { columns: 30rem; column-gap: 2.5rem; margin-top: 1.2rem; }
.words li { break-inside: avoid; }
.words h3 { break-after: avoid; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure > svg { width: 100%; height: auto; max-width: 34rem; font-family: system-ui, sans-serif; }
figcaption { font-size: 0.86rem; }
.links a { margin-left: 0.5rem; }
details { margin-top: 0.4rem; font-size: 0.86rem; }
details details { margin-left: 1rem; }
details > [id] { scroll-margin-top: 3rem; }
.scroll + .scroll { margin-top: 0.8rem; }
@media print {
  :root { --ink: #000; --paper: #fff; --faint: #999; --quiet: #555; --line: #bbb; --link: #000; --shade: #fff; }
  main { max-width: none; padding: 0; }
  @page { margin: 14mm 12mm; }
  .links, details:not([open]):not(.rest), .epochs:not(:has(details[open])) { display: none; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  details.rest::details-content { content-visibility: visible; }
  .scroll { overflow: visible; }
  table { font-size: 0.62rem; }
  th, td { padding: 0.1rem 0.2rem; }
  td.n { white-space: normal; }
  td:first-child { min-width: 5rem; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2, h3, h2 + p, .key { break-after: avoid; }
}
"""
