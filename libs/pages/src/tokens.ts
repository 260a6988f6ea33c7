const dark = `
  color-scheme: dark;
  --ground: #1a1a1a;
  --card: rgba(45, 45, 45, 0.9);
  --field: #1f1f1f;
  --edge: rgba(255, 255, 255, 0.12);
  --control: #8b909b;
  --tint: rgba(255, 255, 255, 0.08);
  --text: #ffffff;
  --soft: #b9bdc6;
  --green: #00ff88;
  --purple: #c89bff;
  --amber: #ffc857;
  --red: #ff8f8f;
  --green-edge: rgba(0, 255, 136, 0.45);
  --purple-edge: rgba(168, 85, 247, 0.6);
  --green-tint: rgba(0, 255, 136, 0.12);
  --purple-tint: rgba(168, 85, 247, 0.18);
  --red-tint: rgba(255, 143, 143, 0.1);
  --green-glow: rgba(0, 255, 136, 0.13);
  --purple-glow: rgba(168, 85, 247, 0.17);
  --shadow: 0 1.2rem 3rem rgba(0, 0, 0, 0.35);
  --heading: linear-gradient(100deg, #00ff88, #7de3c8 40%, #c9a2ff 75%, #a855f7);
`;

const light = `
  color-scheme: light;
  --ground: #f3f4f6;
  --card: rgba(255, 255, 255, 0.9);
  --field: #ffffff;
  --edge: rgba(31, 41, 55, 0.14);
  --control: #6b7280;
  --tint: rgba(31, 41, 55, 0.06);
  --text: #1f2937;
  --soft: #4b5563;
  --green: #04694a;
  --purple: #7e22ce;
  --amber: #8a3d08;
  --red: #b42323;
  --green-edge: rgba(4, 105, 74, 0.5);
  --purple-edge: rgba(126, 34, 206, 0.5);
  --green-tint: rgba(0, 200, 110, 0.13);
  --purple-tint: rgba(168, 85, 247, 0.12);
  --red-tint: rgba(180, 35, 35, 0.07);
  --green-glow: rgba(0, 255, 136, 0.2);
  --purple-glow: rgba(168, 85, 247, 0.14);
  --shadow: 0 1.2rem 3rem rgba(31, 41, 55, 0.1);
  --heading: linear-gradient(100deg, #04694a, #0f766e 40%, #6d28d9 75%, #7e22ce);
`;

/**
 * The two themes. Text has at least 4.5:1 against what it stands on, the edges of controls 3:1. `data-theme` is what the reader has
 * chosen; `system` asks the browser, which answers before it paints, so that no page shows itself in the wrong one first.
 */
export const tokens = `
:root {${dark}
  --radius: 1.25rem;
}
@media (prefers-color-scheme: light) {
:root[data-theme="system"] {${light}}
}
:root[data-theme="light"] {${light}}
`;
