import { html, icons } from '@billhook/pages';
import type { Problem } from '@billhook/runtime';
import { consolePage } from './console.page.js';

/** What went wrong, in words, with what to do next. Shows nothing but the error table's own text and `detail`. */
export function problemPage(problem: Problem, signInUrl: string): string {
  const isRole = problem.code === 'role_missing';
  return consolePage({
    title: problem.title,
    body: html`<div class="card narrow center">
      <div class="mark ${problem.status >= 500 ? 'bad' : 'warn'}" aria-hidden="true">${icons.alert}</div>
      <h1>${isRole ? 'This is for operators' : problem.title}</h1>
      <p class="lead">${isRole ? 'Sign in as somebody whose token holds the role ops.' : advice(problem)}</p>
      <div class="actions">
        ${
          isRole
            ? html`<a class="button green" href="${signInUrl}">Sign in as somebody else</a>`
            : html`<a class="button green" href="/console">Search the trail</a>`
        }
      </div>
      <p class="code">
        ${problem.status} ${problem.code}${problem.request_id !== undefined && html` · ${problem.request_id}`}
      </p>
    </div>`,
  });
}

function advice({ status, detail, cure }: Problem): string {
  if (detail === undefined || status >= 500) return cure;
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}
