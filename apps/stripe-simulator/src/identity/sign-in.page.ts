import { Html, html } from '../pages/html.js';
import { page } from '../pages/layout.page.js';

/** The demo users; their ids are the tokens' `sub`. */
const demoUsers = [
  { sub: 'alice', name: 'Alice', email: 'alice@example.com', roles: ['user'], note: 'a customer' },
  { sub: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['user'], note: 'another customer' },
  { sub: 'ops', name: 'Olive (ops)', email: 'ops@example.com', roles: ['user', 'ops'], note: 'reads the audit trail' },
] as const;

/** `<` would end the script element. */
const inScript = (value: unknown) => new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));

/** Runs in the browser, below the page's own `gateway` and `target`. */
const clientScript = new Html(`
const problem = document.getElementById('problem');
async function signIn(fields) {
  const sub = fields.get('sub') ?? undefined;
  const identity = { sub, email: fields.get('email'), roles: fields.get('roles').split(' ') };
  const issued = await fetch('/_simulator/identity/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(identity),
  });
  if (!issued.ok) throw new Error('no token was issued (' + issued.status + ')');
  const { token } = await issued.json();
  const session = await fetch(gateway + '/v1/session', {
    method: 'POST',
    headers: { authorization: 'Bearer ' + token },
    credentials: 'include',
  });
  if (!session.ok) throw new Error('the gateway refused the token (' + session.status + ')');
  location.assign(target);
}
for (const form of document.querySelectorAll('form.user')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    problem.hidden = true;
    signIn(new FormData(form)).catch((error) => {
      problem.textContent =
        'Signing in failed: ' + error.message + '. Is the gateway running at ' + gateway + '?';
      problem.hidden = false;
    });
  });
}
`);

/**
 * Choosing a user gets a token here and hands it to the gateway, which answers with its session cookie. This needs a
 * script: the cookie must come from the gateway to the browser, and a form cannot send an Authorization header.
 */
export const signInPage = (gatewayUrl: string, target: string): string =>
  page({
    title: 'Sign in',
    isNarrow: true,
    body: html`<h1>Sign in</h1>
      <p class="dim">A demo identity provider: choose who to be. There are no passwords.</p>
      <p class="alert" id="problem" role="alert" hidden></p>
      <section class="card">${demoUsers.map(userForm)}</section>
      <section class="card">
        <h2>A new user</h2>
        <p class="small dim">The same address is the same user the next time.</p>
        <form class="user">
          <label for="email">E-mail</label>
          <input id="email" name="email" type="email" required placeholder="you@example.com" />
          <input type="hidden" name="roles" value="user" />
          <button class="primary wide" id="sign-in-new">Sign in as a new user</button>
        </form>
      </section>
      <noscript><p class="alert">Signing in here needs JavaScript.</p></noscript>
      <script>
        const gateway = ${inScript(gatewayUrl)};
        const target = ${inScript(target)};
        ${clientScript};
      </script>`,
  });

const userForm = ({ sub, name, email, roles, note }: (typeof demoUsers)[number]): Html =>
  html`<form class="user">
    <input type="hidden" name="sub" value="${sub}" /><input type="hidden" name="email" value="${email}" />
    <input type="hidden" name="roles" value="${roles.join(' ')}" />
    <div class="row" style="padding: .5rem 0">
      <span>${name}<br /><span class="small dim">${email}, ${note}</span></span>
      <button id="sign-in-${sub}">Sign in</button>
    </div>
  </form>`;
