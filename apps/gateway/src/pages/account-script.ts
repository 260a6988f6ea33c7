/**
 * What the profile does in the browser: it listens for news of the account and loads itself again when it is not what is shown any
 * more, keeping the place where somebody was reading. A change that is under way and never heard of ends by itself: then the page
 * looks once more. Without a script there is the button to refresh.
 */
export const accountScript = `const shown = document.querySelector('[data-account]').dataset;
const keyOf = ({ version, pending }) => version + '/' + (pending?.change ?? '') + '/' + (pending?.requested_at ?? '');
let isLeaving = false;
const again = () => isLeaving || location.reload();

const events = new EventSource('/v1/account/events');
// A form's own change is heard of before its answer is here: loading the page then would break the answer off.
addEventListener('beforeunload', () => { isLeaving = true; });
events.addEventListener('account', (event) => keyOf(JSON.parse(event.data)) !== shown.account && again());
addEventListener('pagehide', () => events.close());
addEventListener('pageshow', (event) => event.persisted && again());
if (shown.until) setTimeout(again, Math.max(1000, Date.parse(shown.until) - Date.now() + 500));
`;
