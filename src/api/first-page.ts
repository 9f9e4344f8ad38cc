/** What a browser shows at the daemon's address: that it is up, and what to do next. No data, so no token. */
export function firstPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drover</title>
<style>
  :root { color-scheme: light dark; --dim: light-dark(#5b6470, #9aa4b2); --line: light-dark(#e3e6ea, #2a313a); }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 36rem; margin: 18vh auto 0; padding: 0 1.5rem; }
  h1 { font-size: 1.6rem; margin: 0; }
  p { color: var(--dim); margin: .4rem 0 1.6rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.2rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
  dt { font: 14px/1.7 ui-monospace, monospace; }
  dd { margin: 0; color: var(--dim); }
</style>
<h1>Drover is up</h1>
<p>Version ${version}. The terminal is where it is driven from.</p>
<dl>
  <dt>drover ps</dt><dd>your agents</dd>
  <dt>drover send NAME "…"</dt><dd>write to one; it wakes</dd>
  <dt>drover events -f</dt><dd>everything that happens, live</dd>
</dl>
</html>
`
}
