/**
 * What the success page does in the browser: it waits for news of the account (or asks every few seconds, where streams do not
 * get through) and then loads the page again, which alone says how the purchase stands. Without a script the page loads itself
 * again. Every browser that speaks TLS 1.3 runs it as it is.
 */
export const successScript = `const card = document.querySelector('[data-session]');
const address = '/v1/checkout-sessions/' + encodeURIComponent(card.dataset.session);
const soon = 2000, later = 10000, patience = 60000;
const began = Date.now();
let timer, isLooking = false;

async function look() {
  if (isLooking) return;
  isLooking = true;
  clearTimeout(timer);
  try {
    const answer = await fetch(address, { cache: 'no-store' });
    const isGone = answer.status === 401 || answer.status === 404;
    if (isGone || (answer.ok && (await answer.json()).state !== card.dataset.state)) return location.reload();
  } catch {
    // Offline for a moment: the next look tells.
  }
  isLooking = false;
  timer = setTimeout(look, Date.now() - began < patience ? soon : later);
}

const events = new EventSource('/v1/account/events');
events.addEventListener('account', look);
addEventListener('pagehide', () => events.close());
addEventListener('pageshow', (event) => event.persisted && location.reload());
timer = setTimeout(look, soon);
`;
