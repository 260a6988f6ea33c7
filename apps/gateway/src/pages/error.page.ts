import { html, icons } from '@billhook/pages';
import type { Problem } from '@billhook/runtime';
import { layout } from './layout.page.js';

/** What went wrong, in words, with what to do next. Shows nothing but the error table's own text and `detail`. */
export function errorPage(problem: Problem): string {
  return layout({
    title: problem.title,
    body: html`<div class="card narrow center">
      <div class="mark ${problem.status >= 500 ? 'bad' : 'warn'}" aria-hidden="true">${icons.alert}</div>
      <h1>${problem.title}</h1>
      <p class="lead">${advice(problem)}</p>
      <div class="actions">
        <a class="button green" href="/pricing">See the plans</a>
        <a class="button quiet" href="/profile">Your profile</a>
      </div>
      <p class="code">
        ${problem.status} ${problem.code}${problem.request_id !== undefined && html` · ${problem.request_id}`}
      </p>
    </div>`,
  });
}

/** What is wrong with the request says more than the table; with our surroundings, trying again is all there is to do. */
function advice({ status, detail, cure }: Problem): string {
  if (detail === undefined || status >= 500) return cure;
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}
