import { addressOf, asset } from './asset.js';
import type { Asset } from './asset.js';
import { inter } from './inter.file.js';
import { icon, stylesheetWith } from './stylesheet.js';

/** The files of the look, and where a page finds them. */
export interface Look {
  font: Asset;
  css: Asset;
  icon: Asset;
  paths: LookPaths;
}

export interface LookPaths {
  font: string;
  css: string;
  icon: string;
}

/** `folder` is where they are served: `/assets`. `more` are rules that only these pages need. */
export function lookIn(folder: string, more = ''): Look {
  const font = asset(inter, 'font/woff2');
  const fontPath = addressOf(`${folder}/inter.woff2`, font);
  const css = asset(stylesheetWith(fontPath) + more, 'text/css; charset=utf-8');
  const svg = asset(icon, 'image/svg+xml');
  const paths = {
    font: fontPath,
    css: addressOf(`${folder}/billhook.css`, css),
    icon: addressOf(`${folder}/icon.svg`, svg),
  };
  return { font, css, icon: svg, paths };
}
