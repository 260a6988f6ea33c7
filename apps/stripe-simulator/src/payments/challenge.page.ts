import { html } from '../pages/html.js';
import { page } from '../pages/layout.page.js';

/** What a bank shows; Stripe's test cards offer the same two buttons. */
export const challengePage = (): string =>
  page({
    title: '3-D Secure',
    isNarrow: true,
    body: html`<form class="card" method="post">
      <h1>3-D Secure</h1>
      <p class="dim">The test bank asks whether it is really you who pays.</p>
      <div class="actions">
        <button class="primary" id="complete" name="action" value="complete">Complete</button>
        <button class="danger" id="fail" name="action" value="fail">Fail</button>
      </div>
    </form>`,
  });
