/**
 * What the search does in the browser while it follows the trail: puts each new entry that fits before the others, says so to ears, and
 * ends with the session. The text of an entry never becomes markup. Without a script the page shows what there was when it was loaded.
 */
export const tailScript = `const list = document.querySelector('[data-tail]');
const status = document.querySelector('[data-tail-status]');
const blank = document.querySelector('template[data-row]');
const most = 500;
let newest = Number(list.dataset.newest);
let count = 0;

const events = new EventSource(list.dataset.tail);
events.addEventListener('open', () => { status.textContent = 'Following: new entries appear here.'; });
events.addEventListener('error', () => { status.textContent = 'The connection broke; it is tried again. Load the page anew if this stays.'; });
events.addEventListener('entry', ({ data }) => {
  const entry = JSON.parse(data);
  if (entry.seq <= newest) return;
  newest = entry.seq;
  const row = blank.content.cloneNode(true);
  const link = row.querySelector('a');
  link.href = '/console/entries/' + encodeURIComponent(entry.id);
  link.textContent = entry.type;
  row.querySelector('[data-user]').textContent = entry.user_id ?? '';
  row.querySelector('[data-when]').textContent = '#' + entry.seq + ' · ' + entry.recorded_at.slice(0, 19).replace('T', ' ') + ' UTC';
  list.prepend(row);
  while (list.children.length > most) list.lastElementChild.remove();
  document.querySelector('[data-empty]')?.remove();
  count += 1;
  status.textContent = 'Following: ' + count + (count === 1 ? ' new entry.' : ' new entries.');
});
addEventListener('pagehide', () => events.close());
addEventListener('pageshow', (event) => event.persisted && location.reload());
`;
