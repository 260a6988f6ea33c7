/** What only the console needs, behind the look of all pages. */
export const consoleRules = `
.console > * + * { margin-top: 1.25rem; }
.console h1 { font-size: clamp(1.6rem, 4vw, 2.2rem); overflow-wrap: anywhere; }
.console h1 + .flash { margin-top: 1.25rem; }
.rows .what { font-weight: 600; overflow-wrap: anywhere; }
.rows .who { overflow-wrap: anywhere; }
.rows li > * { min-width: 0; }
@media (max-width: 47.99rem) { .rows .stage + .what { flex-basis: 100%; } }
@media (min-width: 48rem) {
  .rows .what { flex: 0 0 20rem; }
  .rows .what + :not(:last-child) { flex: 1; }
  .rows li > :last-child { margin-left: auto; }
}
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.85rem; font-weight: 400; overflow-wrap: anywhere; }
/* Below the underscores, which an underline would hide in an id. */
a.mono { text-underline-offset: 0.35em; }
pre.whole { white-space: pre-wrap; overflow-wrap: anywhere; overflow-x: visible; }
.rows li > .stage {
  display: inline-block; min-width: 5.5rem; padding: 0.05rem 0.6rem; border-radius: 1rem; font-size: 0.85rem; font-weight: 600;
  text-align: center; border: 1px solid var(--control); color: var(--soft);
}
.rows li > .stage.tier { color: var(--green); border-color: var(--green); }
.rows li > .stage.decision { color: var(--purple); border-color: var(--purple); }
`;
