import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { html } from './html.js';

describe('html', () => {
  it('escapes what comes in as text, in content and in attributes', () => {
    const name = `<script>alert("x")</script> & 'co'`;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;co&#39;">' +
        '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;co&#39;</p>',
    );
  });

  it('keeps what is already html, one by one and in lists', () => {
    const rows = ['a', '<b>'].map((each) => html`<li>${each}</li>`);
    expect(html`${rows}`.text).toBe('<li>a</li><li>&lt;b&gt;</li>');
  });

  it('shows nothing for false, null and undefined, and shows zero', () => {
    expect(html`[${false}${null}${undefined}${0}]`.text).toBe('[0]');
  });

  it('lets no text open a tag or leave a quoted attribute', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const page = html`<a title="${text}"></a>`.text;
        expect(page.slice('<a title="'.length, -'"></a>'.length)).not.toMatch(/[<>"']/);
      }),
    );
  });
});
