/**
 * What the success page does in the browser: it waits for news of the account and then loads the page again, which alone says how
 * the purchase stands. The stream goes first. Until it has spoken, and wherever it breaks off, the page asks every two seconds: a
 * proxy may hold a stream back without a word. While it speaks the page asks once after five seconds, which has Stripe's own word
 * asked for, and then rarely, in case the stream has died unseen. Without a script the page loads itself again. Every browser that
 * speaks TLS 1.3 runs it as it is.
 */
export const successScript = `const card = document.querySelector('[data-session]');
const address = '/v1/checkout-sessions/' + encodeURIComponent(card.dataset.session);
const late = 5000, soon = 2000, rarely = 10000, patience = 60000;
const began = Date.now();
let timer, isLooking = false, hasNews = false, hasSpoken = false;

const events = new EventSource('/v1/account/events');

function pause() {
  const waited = Date.now() - began;
  if (hasSpoken && events.readyState === EventSource.OPEN) return waited < late ? late - waited : rarely;
  return waited < patience ? soon : rarely;
}

function wait() {
  clearTimeout(timer);
  if (!isLooking) timer = setTimeout(look, pause());
}

async function look() {
  hasNews = true;
  if (isLooking) return;
  isLooking = true;
  // What came while the answer was on its way may be newer than the answer.
  while (hasNews) {
    hasNews = false;
    try {
      const answer = await fetch(address, { cache: 'no-store' });
      const isGone = answer.status === 401 || answer.status === 404;
      if (isGone || (answer.ok && (await answer.json()).state !== card.dataset.state)) return location.reload();
    } catch {
      // Offline for a moment: the next look tells.
    }
  }
  isLooking = false;
  wait();
}

events.addEventListener('account', () => { hasSpoken = true; look(); });
events.addEventListener('error', wait);
setTimeout(() => { card.dataset.wait = 'late'; }, late);
addEventListener('pagehide', () => events.close());
addEventListener('pageshow', (event) => event.persisted && location.reload());
wait();
`;
