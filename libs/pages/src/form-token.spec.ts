import { describe, expect, it, test } from '@jest/globals';
import { issueFormToken, readFormToken, withFormToken } from './form-token.js';

const session = 'made-up.session.token';
const nonce = 'AAAAAAAAAAAAAAAAAAAAAA';
const noon = new Date('2026-11-10T12:00:00.000Z');
const token = issueFormToken(session, nonce, noon);

describe('a form’s token', () => {
  it('is good for the session it was made for, and names its page', () => {
    expect(readFormToken(session, token, noon)).toEqual({ kind: 'good', formId: nonce });
  });

  it('is foreign to every other session', () => {
    expect(readFormToken('another.session.token', token, noon)).toEqual({ kind: 'foreign' });
  });

  test.each([
    ['12 hours', '2026-11-11T00:00:00.000Z', 'good'],
    ['12 hours and a second', '2026-11-11T00:00:01.000Z', 'too_old'],
  ])('after %s is %s', (_, now, kind) => {
    expect(readFormToken(session, token, new Date(now)).kind).toBe(kind);
  });

  it('cannot be given another age or another page', () => {
    const [, seconds = '', mac = ''] = token.split('.');
    expect(readFormToken(session, `${nonce}.${Number(seconds) + 60}.${mac}`, noon).kind).toBe('foreign');
    expect(readFormToken(session, `${nonce.replace('A', 'B')}.${seconds}.${mac}`, noon).kind).toBe('foreign');
  });

  test.each([undefined, '', 'x', `${token}x`, token.slice(1), [token], { token }, '..', `${nonce}.1.`])(
    'is not %j',
    (value) => {
      expect(readFormToken(session, value, noon)).toEqual({ kind: 'foreign' });
    },
  );
});

describe('withFormToken', () => {
  it('gives every form that posts its field, and no other', () => {
    const page = '<form method="post" action="/a"><button></button></form><form method="get" action="/b"></form>';
    expect(withFormToken(page, 'T')).toBe(
      '<form method="post" action="/a"><input type="hidden" name="form_token" value="T" /><button></button></form>' +
        '<form method="get" action="/b"></form>',
    );
    expect(withFormToken('<form class="x" action="/a" method="post"></form>', 'T')).toContain('value="T"');
  });

  it('does not take text for a form', () => {
    const text = '<p>&lt;form method=&quot;post&quot;&gt;</p>';
    expect(withFormToken(text, 'T')).toBe(text);
  });
});
