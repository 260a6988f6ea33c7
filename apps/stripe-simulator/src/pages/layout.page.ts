import { Html, html } from './html.js';

const style = new Html(`
:root { color-scheme: light dark; --bg: #0d0f14; --card: #171a22; --line: #2a2f3b; --text: #eceff4; --dim: #a3abba;
  --accent: #8b83ff; --on-accent: #0b0b1c; --link: #b3adff; --good: #4ade80; --bad: #ff8a80; --field: #0f1219;
  --field-line: #3a4152; --button: #232836; --button-line: #444c5e; --bad-line: #7a3a38; --bad-ground: #2c1617;
  --bad-text: #ffc4be; --good-line: #2c5a3c; --good-ground: #12241a; --good-text: #b9f3cc; --mode: #3a2c08;
  --mode-text: #ffd98a; }
@media (prefers-color-scheme: light) {
  :root { --bg: #f4f5f8; --card: #ffffff; --line: #d9dce3; --text: #1f2430; --dim: #565e6d;
    --accent: #5b50e0; --on-accent: #ffffff; --link: #4b40c9; --good: #0f7a3d; --bad: #b3261e; --field: #ffffff;
    --field-line: #858c9b; --button: #ffffff; --button-line: #858c9b; --bad-line: #e3a5a1; --bad-ground: #fdeceb;
    --bad-text: #8c1d18; --good-line: #9bd3b1; --good-ground: #e9f7ee; --good-text: #0b5a2d; --mode: #fff0c9;
    --mode-text: #5c4300; }
}
* { box-sizing: border-box; } [hidden] { display: none !important; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
.mode { background: var(--mode); color: var(--mode-text); text-align: center; font-size: .85rem; padding: .35rem 1rem; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
main.narrow { max-width: 32rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; } h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
a { color: var(--link); } p { margin: .4rem 0; } .dim { color: var(--dim); } small, .small { font-size: .875rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem; margin: 1rem 0; }
.row { display: flex; gap: .75rem; flex-wrap: wrap; align-items: center; justify-content: space-between; }
.split { display: grid; gap: 0 3rem; } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
@media (min-width: 48rem) { .split { grid-template-columns: 1fr 1fr; } .split > * + * { margin-top: 0; } }
label { display: block; font-size: .875rem; color: var(--dim); margin: .9rem 0 .3rem; }
input { width: 100%; padding: .7rem .8rem; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--field-line); border-radius: 9px; }
input[aria-invalid=true] { border-color: var(--bad); }
button, .button { display: inline-block; padding: .65rem 1.1rem; font: inherit; font-weight: 600;
  border: 1px solid var(--button-line); border-radius: 9px; background: var(--button); color: var(--text); cursor: pointer;
  text-decoration: none; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.danger { border-color: var(--bad-line); color: var(--bad); } .wide { width: 100%; margin-top: 1.25rem; padding: .85rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.amount { font-size: 2.2rem; font-weight: 700; letter-spacing: -.02em; }
.alert { border: 1px solid var(--bad-line); background: var(--bad-ground); color: var(--bad-text); border-radius: 9px;
  padding: .7rem .9rem; margin: 1rem 0 0; }
.note { border-color: var(--good-line); background: var(--good-ground); color: var(--good-text); }
.total { display: flex; justify-content: space-between; padding: .5rem 0; border-top: 1px solid var(--line); }
.scroll { overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: 500; border: 0; } .good { color: var(--good); } .bad { color: var(--bad); }
code { font-size: .9em; background: var(--field); border: 1px solid var(--line); border-radius: 6px;
  padding: .1rem .35rem; white-space: nowrap; }
.actions { display: flex; gap: .75rem; flex-wrap: wrap; margin-top: 1rem; }
.apart { border-top: 1px solid var(--line); margin-top: 1.25rem; padding-top: 1.25rem; }
form.inline { display: inline; } .wrap td { white-space: normal; }
`);

/** Inline, or browsers would ask for /favicon.ico, which is an unknown path here as at Stripe. */
const icon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#8b83ff"/></svg>',
  );

interface Page {
  title: string;
  body: Html;
  isNarrow?: boolean;
}

/** A whole page: no script, no outside asset. */
export const page = ({ title, body, isNarrow = false }: Page): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="${icon}" />
        <style>
          ${style}
        </style>
      </head>
      <body>
        <div class="mode">Test mode: a pretend Stripe. No real card, no real money.</div>
        <main class="${isNarrow ? 'narrow' : ''}">${body}</main>
      </body>
    </html>`.toString();

/** A page that only says something. */
export const messagePage = (title: string, text: string, back: { href: string; label: string } | null = null): string =>
  page({
    title,
    isNarrow: true,
    body: html`<div class="card">
      <h1>${title}</h1>
      <p class="dim">${text}</p>
      ${back && html`<p><a class="button" href="${back.href}">${back.label}</a></p>`}
    </div>`,
  });
