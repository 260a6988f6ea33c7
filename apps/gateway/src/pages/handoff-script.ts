/**
 * Between the click on a plan and Stripe's page: the button says what is going on, to eyes and to ears, and a second click does
 * nothing. Whoever comes back by the back button finds the page as it was. Without a script the browser's own sign of loading is all.
 */
export const handoffScript = `const note = document.querySelector('[data-handoff-note]');
let isLeaving = false;
for (const link of document.querySelectorAll('[data-handoff]')) {
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (isLeaving) return event.preventDefault();
    isLeaving = true;
    link.textContent = note.textContent = 'Taking you to Stripe…';
    link.setAttribute('aria-busy', 'true');
  });
}
addEventListener('pageshow', (event) => event.persisted && location.reload());
`;
