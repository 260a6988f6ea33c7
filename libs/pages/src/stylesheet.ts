import { tokens } from './tokens.js';

/**
 * The look of every page, in one file that a browser keeps: no inline styles, so that the content security policy can forbid them.
 * The font is there when the page is first painted, or not at all on this page (`optional`): text never jumps from one to another.
 */
export const stylesheetWith = (fontPath: string): string => `${tokens}
@font-face {
  font-family: "Inter Variable"; font-style: normal; font-weight: 100 900; font-display: optional;
  src: url("${fontPath}") format("woff2");
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
[hidden] { display: none !important; }
body {
  margin: 0;
  min-height: 100vh;
  display: flex;
  flex-direction: column;
  background:
    radial-gradient(50rem 32rem at 12% -8%, var(--green-glow), transparent 70%),
    radial-gradient(50rem 32rem at 96% 4%, var(--purple-glow), transparent 70%),
    var(--ground);
  background-repeat: no-repeat;
  color: var(--text);
  font: 400 1rem/1.6 "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
a { color: var(--green); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--green); outline-offset: 3px; border-radius: 0.4rem; }
[aria-busy] { cursor: progress; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -100rem; top: 0.5rem; padding: 0.5rem 1rem; background: var(--ground); z-index: 1; }
.skip:focus { left: 0.5rem; }
.wrap { width: 100%; max-width: 66rem; margin-inline: auto; padding-inline: 1.25rem; }
.top { border-bottom: 1px solid var(--edge); backdrop-filter: blur(12px); }
.top .wrap {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between;
  gap: 0.25rem 1.5rem; padding-block: 0.9rem;
}
.brand { font-weight: 800; font-size: 1.15rem; letter-spacing: -0.02em; color: var(--text); text-decoration: none; }
.brand span { color: var(--green); }
nav { display: flex; flex-wrap: wrap; gap: 0.35rem; margin-inline: -0.8rem; }
nav a { padding: 0.4rem 0.8rem; border-radius: 0.7rem; color: var(--soft); text-decoration: none; font-weight: 500; }
nav a:hover { color: var(--text); background: var(--tint); }
nav a[aria-current] { color: var(--text); background: var(--tint); }
main { flex: 1; outline: none; padding-block: clamp(1.75rem, 5vw, 3.75rem); }
footer { border-top: 1px solid var(--edge); color: var(--soft); font-size: 0.9rem; }
footer .wrap { padding-block: 1.25rem; }

h1, h2 { letter-spacing: -0.03em; line-height: 1.15; margin: 0; text-wrap: balance; }
h1 { font-weight: 800; font-size: clamp(2rem, 6vw, 3.1rem); }
h2 { font-weight: 700; font-size: 1.5rem; }
.gradient {
  background: var(--heading);
  -webkit-background-clip: text; background-clip: text; color: transparent;
}
.lead { color: var(--soft); font-size: 1.1rem; max-width: 42rem; margin: 0.9rem 0 0; text-wrap: pretty; }
.center { text-align: center; }
.center .lead { margin-inline: auto; text-wrap: balance; }
.soft { color: var(--soft); }
.small { font-size: 0.9rem; }

.card {
  background: var(--card); border: 1px solid var(--edge); border-radius: var(--radius);
  backdrop-filter: blur(14px); padding: clamp(1.35rem, 4vw, 2rem);
  box-shadow: var(--shadow);
}
.narrow { max-width: 41rem; margin-inline: auto; }
.narrow h1 { font-size: clamp(1.9rem, 5vw, 2.5rem); }
.card > :first-child { margin-top: 0; }
.plans { display: grid; gap: 1.25rem; grid-template-columns: repeat(3, minmax(0, 1fr)); margin-top: 2.75rem; }
.plan { display: flex; flex-direction: column; position: relative; }
.plan.pro { border-color: var(--green-edge); }
.plan.elite { border-color: var(--purple-edge); }
.plan .price { margin: 0.9rem 0 0; font-weight: 800; font-size: 2.4rem; letter-spacing: -0.04em; line-height: 1.1; }
.plan .price small { font-size: 1rem; font-weight: 500; letter-spacing: 0; color: var(--soft); }
.plan .or { margin: 0.4rem 0 0; color: var(--soft); min-height: 1.6rem; }
.plan ul { list-style: none; margin: 1.4rem 0 1.8rem; padding: 0; flex: 1; }
.plan li { padding: 0.32rem 0 0.32rem 1.7rem; position: relative; }
.plan li .icon { position: absolute; left: 0; top: 0.55rem; color: var(--soft); }
.plan.pro li .icon, .pro-text { color: var(--green); }
.plan.elite li .icon, .elite-text { color: var(--purple); }
.save {
  display: inline-block; padding: 0.05rem 0.6rem; border-radius: 1rem; font-size: 0.85rem; font-weight: 600;
  color: var(--green); background: var(--green-tint); white-space: nowrap;
}
.elite .save { color: var(--purple); background: var(--purple-tint); }
.badge {
  position: absolute; top: -0.8rem; left: 1.5rem; padding: 0.1rem 0.8rem; border-radius: 1rem;
  font-size: 0.85rem; font-weight: 700; background: var(--text); color: var(--ground);
}
.secure {
  display: flex; justify-content: center; align-items: center; gap: 0.5rem; margin: 2.25rem 0 0; color: var(--soft);
}

.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.6rem; }
.actions form { margin: 0; }
.sure summary { list-style: none; }
.sure summary::-webkit-details-marker { display: none; }
.sure[open] { flex: 1 0 100%; padding-top: 0.75rem; border-top: 1px solid var(--edge); }
.sure p { margin: 0.75rem 0; }
.plan .actions { flex-direction: column; margin-top: 0; }
.plan .note { margin: 0; color: var(--soft); }
.center .actions { justify-content: center; }
.button {
  display: inline-block; padding: 0.75rem 1.35rem; border-radius: 0.85rem; border: 1px solid transparent;
  font: inherit; font-weight: 600; line-height: 1.35; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--text); background: transparent;
  transition: transform 0.15s ease, filter 0.15s ease, background-color 0.15s ease;
}
.button:hover { transform: translateY(-2px); filter: brightness(1.08); }
.button:active { transform: none; }
.button.green { color: #07281a; background: linear-gradient(100deg, #00ff88, #2ddfb4); }
.button.purple { color: #fff; background: linear-gradient(100deg, #8b37e0, #6d28d9); }
.button.quiet { border-color: var(--control); }
.button.quiet:hover { background: var(--tint); }
.button.danger { border-color: var(--red); color: var(--red); }
.button.danger:hover { background: var(--red-tint); }
.button:disabled { cursor: default; opacity: 0.6; transform: none; filter: none; }

.flash {
  display: flex; gap: 0.75rem; padding: 0.9rem 1.2rem; margin: 0 0 1.5rem; border-radius: 0.9rem;
  border: 1px solid var(--tone); background: var(--card);
}
.flash p { margin: 0; }
.flash > .icon { color: var(--tone); flex: none; margin-top: 0.15rem; }
.flash a { font-weight: 600; }
.good { --tone: var(--green); }
.info { --tone: var(--soft); }
.warn { --tone: var(--amber); }
.bad { --tone: var(--red); }

.facts { margin: 1.6rem 0 0; display: grid; gap: 0; }
.facts div {
  display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem;
  padding: 0.75rem 0; border-top: 1px solid var(--edge);
}
.facts dt { color: var(--soft); }
.facts dd { margin: 0 0 0 auto; font-weight: 600; text-align: right; overflow-wrap: anywhere; }
.stack > * + * { margin-top: 1.25rem; }
.spaced { margin-top: 1.75rem; }

.icon { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.mark .icon { width: 2rem; height: 2rem; }
.card h2 { font-size: 1.25rem; }
.rows { list-style: none; margin: 1rem 0 0; padding: 0; }
.rows li {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.25rem 1rem;
  padding: 0.75rem 0; border-top: 1px solid var(--edge);
}
.rows a, summary { padding-block: 0.25rem; }
.split { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.75rem 1.5rem; }
.split p { display: flex; align-items: center; gap: 0.6rem; margin: 0.5rem 0 0; }
.leave { justify-content: center; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; padding: 1rem; border-radius: 0.7rem; background: var(--field); border: 1px solid var(--edge); }
code { overflow-wrap: anywhere; }
pre code { overflow-wrap: normal; }
/* So many of them on one long page would be blurred anew at every step of scrolling. */
.reference .card { backdrop-filter: none; }
section:target { border-color: var(--green); }

.settings { margin-top: 1.75rem; }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
fieldset + fieldset { margin-top: 1.75rem; padding-top: 1.5rem; border-top: 1px solid var(--edge); }
legend { float: left; width: 100%; padding: 0; font-weight: 700; font-size: 1.15rem; letter-spacing: -0.02em; }
legend + * { clear: both; }
.choices { display: flex; flex-wrap: wrap; gap: 0.6rem; padding-top: 0.75rem; }
.choice {
  display: flex; align-items: center; gap: 0.6rem; padding: 0.6rem 1rem; min-height: 2.75rem;
  border: 1px solid var(--control); border-radius: 0.85rem; cursor: pointer;
}
.choice:has(:checked) { border-color: var(--green); background: var(--green-tint); }
.choice:has(:focus-visible) { outline: 3px solid var(--green); outline-offset: 3px; }
.choice input:focus-visible { outline: none; }
.choice:has(:disabled) { cursor: default; color: var(--soft); border-color: var(--edge); }
.channels { display: grid; gap: 0.6rem; padding-top: 0.75rem; }
.locked { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; }
.locked > .choice { flex: 1 1 12rem; }
input[type="radio"], input[type="checkbox"] { width: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--green); }
.fields { display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); padding-top: 0.75rem; }
.field label { display: block; font-weight: 600; }
.field input {
  width: 100%; margin-top: 0.35rem; padding: 0.65rem 0.85rem; min-height: 2.75rem; border-radius: 0.7rem;
  border: 1px solid var(--control); background: var(--field); color: var(--text); font: inherit;
}
.field input[aria-invalid="true"] { border-color: var(--red); }
.field .hint { margin: 0.35rem 0 0; color: var(--soft); font-size: 0.9rem; }
.field .problem { margin: 0.35rem 0 0; color: var(--red); font-size: 0.9rem; font-weight: 600; }

.spinner {
  width: 3rem; height: 3rem; margin: 0 auto 1.5rem; border-radius: 50%;
  border: 4px solid var(--edge); border-top-color: var(--green); animation: turn 1s linear infinite;
}
.mark {
  width: 4rem; height: 4rem; margin: 0 auto 1.5rem; border-radius: 50%; display: grid; place-items: center;
  border: 3px solid currentColor; color: var(--tone);
}
.in-turn { display: grid; }
.in-turn > * { grid-area: 1 / 1; }
[data-wait="soon"] .late, [data-wait="late"] .soon { visibility: hidden; }
.code span { display: inline-block; }
.code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.8rem; color: var(--soft); }
@keyframes turn { to { transform: rotate(1turn); } }

@media (max-width: 56rem) {
  .plans { grid-template-columns: minmax(0, 30rem); justify-content: center; gap: 1.75rem; }
  .plan ul { flex: none; }
}
@media (max-width: 30rem) {
  .actions { flex-direction: column; }
  .actions .button, .actions form { width: 100%; }
  .leave { flex-direction: row; }
  .leave .button, .leave form { width: auto; }
}
@media (prefers-reduced-motion: reduce) {
  * { animation: none !important; transition: none !important; }
  .button:hover { transform: none; }
}
`;

/** The mark in the browser's tab: a hook in the brand's green. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1a1a1a"/><path d="M11 6v15a5 5 0 0 0 10 0v-3" fill="none" stroke="#00ff88" stroke-width="3.5" stroke-linecap="round"/></svg>`;
